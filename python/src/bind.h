#pragma once
// What module.cc calls: each function adds one part of kgwcore._core.

#include <pybind11/pybind11.h>

namespace kgw::python {

void bind_gateway(pybind11::module_& module);
void bind_library(pybind11::module_& module);
void bind_log(pybind11::module_& module);
void bind_validate(pybind11::module_& module);

} // namespace kgw::python
