#pragma once
// Lists that a gateway hands out, as lists of Python rows.

#include "convert.h"

namespace kgw::python {

py::list attempts(const kgw_attempts* requests);
py::list stats(const kgw_stats* rows);
py::list routes(const kgw_routes* table);

// A listener copied out of the library, which is legal without the GIL.
struct Listener {
  Listener() = default;
  explicit Listener(const kgw_listener& listener);

  py::tuple row() const; // (name, address, port, bound, tls)

  std::string name, address;
  uint32_t port = 0;
  bool bound = false, tls = false;
};

} // namespace kgw::python
