#include "bind.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The C API of libkgwcore for kgwcore's own modules. Private: names here change without notice.";
  kgw::python::bind_library(module);
  kgw::python::bind_log(module);
  kgw::python::bind_validate(module);
  kgw::python::bind_gateway(module);
}
