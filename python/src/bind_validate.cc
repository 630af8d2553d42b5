// kgw_validate.

#include "bind.h"
#include "failure.h"
#include "options.h"

namespace kgw::python {

namespace {

// All problems as dicts. Only what is no configuration problem (an unknown setting) raises.
py::list validate(const Sources& sources, const std::string& namespace_name, const py::dict& values) {
  Options options(values);
  Batch texts = batch(sources);
  kgw_diagnostics* problems = nullptr;
  kgw_error* error = nullptr;
  kgw_status status = KGW_STATUS_OK;
  {
    py::gil_scoped_release unlocked;
    status = kgw_validate(texts.get(), options.get(), view(namespace_name), &problems, &error);
  }
  auto owned = adopt<Diagnostics>(problems);
  auto failure = adopt<Error>(error);
  if (status != KGW_STATUS_OK && status != KGW_STATUS_CONFIG) raise(status, std::move(failure));
  return diagnostics(owned.get());
}

} // namespace

void bind_validate(py::module_& module) {
  module.def("validate", &validate, py::arg("sources"), py::arg("namespace"), py::arg("options"));
}

} // namespace kgw::python
