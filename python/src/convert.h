#pragma once
// Values of the C API as Python objects. Everything here needs the GIL.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "handle.h"

namespace kgw::python {

namespace py = pybind11;

// Named texts to apply or check: (file name for messages, text).
using Sources = std::vector<std::pair<std::string, std::string>>;

inline kgw_str view(std::string_view text) { return {text.data(), text.size()}; }

// Bytes that are no UTF-8 become escapes: a request path may hold any byte.
py::str text(kgw_str bytes);

// `milliseconds` as a float; None for KGW_MS_NONE.
py::object moment(double milliseconds);

py::list diagnostics(const kgw_diagnostics* problems);
py::list results(const kgw_results* outcomes);

Batch batch(const Sources& sources);

// A record that the library fills: struct_size set, the rest zero.
template <class Record> Record blank() {
  Record record{};
  record.struct_size = sizeof record;
  return record;
}

} // namespace kgw::python
