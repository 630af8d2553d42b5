#pragma once
// kgw_gateway_options with the texts it points to.

#include "convert.h"

namespace kgw::python {

class Options {
 public:
  // Keys are the fields of kgw_gateway_options; one that is left out keeps the library's default. `log` is a bool:
  // whether records go to the queue. A key that is no field is a TypeError.
  explicit Options(const py::dict& values);

  const kgw_gateway_options* get() const { return &options_; }

 private:
  void set(const std::string& key, py::handle value);
  kgw_str keep(py::handle value);
  const kgw_str* keep_list(py::handle value, size_t& count);

  kgw_gateway_options options_;
  // The options point into these: a text and the elements of a list never move, whatever is added.
  std::vector<std::unique_ptr<std::string>> texts_;
  std::vector<std::vector<kgw_str>> lists_;
};

} // namespace kgw::python
