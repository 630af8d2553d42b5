#include "failure.h"

namespace kgw::python {

namespace {

[[noreturn]] void throw_python(kgw_status status, const py::object& message, int32_t os_error, const py::list& problems,
                               const py::object& outcomes) {
  py::object make = py::module_::import("kgwcore.errors").attr("from_native");
  py::object exception = make(status, kgw_status_name(status), message, os_error, problems, outcomes);
  PyErr_SetObject(py::type::handle_of(exception).ptr(), exception.ptr());
  throw py::error_already_set();
}

} // namespace

void raise(kgw_status status, Error error, const py::object& outcomes) {
  if (!error) throw_python(status, py::str(kgw_status_name(status)), 0, py::list(), outcomes);
  throw_python(status, text(kgw_error_message(error.get())), kgw_error_os_error(error.get()),
               diagnostics(kgw_error_diagnostics(error.get())), outcomes);
}

void raise(kgw_status status, const std::string& message) {
  throw_python(status, py::str(message), 0, py::list(), py::none());
}

void require(kgw_status status) {
  if (status != KGW_STATUS_OK) raise(status, kgw_status_name(status));
}

} // namespace kgw::python
