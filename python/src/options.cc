#include "options.h"

#include "log_queue.h"

namespace kgw::python {

Options::Options(const py::dict& values) {
  kgw_gateway_options_init(&options_, sizeof options_);
  lists_.reserve(3);
  for (auto [key, value] : values) set(py::cast<std::string>(key), value);
}

void Options::set(const std::string& key, py::handle value) {
  if (key == "host") options_.host = keep(value);
  else if (key == "admin_address") options_.admin_address = keep(value);
  else if (key == "admin_token") options_.admin_token = keep(value);
  else if (key == "listen") options_.listen = keep_list(value, options_.listen_count);
  else if (key == "backend") options_.backend = keep_list(value, options_.backend_count);
  else if (key == "settings") options_.settings = keep_list(value, options_.settings_count);
  else if (key == "concurrency") options_.concurrency = py::cast<uint32_t>(value);
  else if (key == "keep_going") options_.keep_going = py::cast<bool>(value);
  else if (key == "edge") options_.edge = py::cast<bool>(value);
  else if (key == "log_level") options_.log_level = py::cast<int32_t>(value);
  else if (key == "log") options_.log = py::cast<bool>(value) ? log_to_queue : nullptr;
  else if (key == "random_seed") options_.random_seed = py::cast<uint64_t>(value);
  else throw py::type_error("unknown option " + key);
}

kgw_str Options::keep(py::handle value) {
  texts_.push_back(std::make_unique<std::string>(py::cast<std::string>(value)));
  return view(*texts_.back());
}

const kgw_str* Options::keep_list(py::handle value, size_t& count) {
  auto& list = lists_.emplace_back();
  for (py::handle item : value) list.push_back(keep(item));
  count = list.size();
  return list.data();
}

} // namespace kgw::python
