#pragma once
// From a kgw_status to a Python exception. The classes live in kgwcore.errors; this finds the right one there and
// raises it.

#include "convert.h"

namespace kgw::python {

// `outcomes`: what apply has to say beside the error, or None.
[[noreturn]] void raise(kgw_status status, Error error, const py::object& outcomes = py::none());
[[noreturn]] void raise(kgw_status status, const std::string& message);

// For calls without kgw_error: an index out of range, no memory.
void require(kgw_status status);

} // namespace kgw::python
