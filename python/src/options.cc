#include "options.h"

#include "log_queue.h"

namespace kgw::python {

namespace {

using Fields = kgw_gateway_options;

template <class Value> struct Field {
  std::string_view key;
  Value Fields::* member;
};
struct ListField {
  std::string_view key;
  const kgw_str* Fields::* list;
  size_t Fields::* count;
};

constexpr Field<kgw_str> kTexts[] = {{"host", &Fields::host},
                                     {"admin_address", &Fields::admin_address},
                                     {"admin_token", &Fields::admin_token},
                                     {"access_log", &Fields::access_log}};
constexpr ListField kLists[] = {{"listen", &Fields::listen, &Fields::listen_count},
                                {"backend", &Fields::backend, &Fields::backend_count},
                                {"settings", &Fields::settings, &Fields::settings_count},
                                {"internal_cidr", &Fields::internal_cidrs, &Fields::internal_cidr_count},
                                {"access_log_headers", &Fields::access_log_headers, &Fields::access_log_header_count}};
constexpr Field<uint32_t> kNumbers[] = {
    {"concurrency", &Fields::concurrency}, {"keep_going", &Fields::keep_going}, {"edge", &Fields::edge}};

template <class Row, size_t N> const Row* find(const Row (&rows)[N], std::string_view key) {
  for (const Row& row : rows) {
    if (row.key == key) return &row;
  }
  return nullptr;
}

} // namespace

Options::Options(const py::dict& values) {
  kgw_gateway_options_init(&options_, sizeof options_);
  for (auto [key, value] : values) set(py::cast<std::string>(key), value);
}

void Options::set(const std::string& key, py::handle value) {
  if (const auto* field = find(kTexts, key)) {
    options_.*field->member = keep(value);
  } else if (const auto* lists = find(kLists, key)) {
    options_.*lists->list = keep_list(value, options_.*lists->count);
  } else if (const auto* number = find(kNumbers, key)) {
    options_.*number->member = py::cast<uint32_t>(value);
  } else if (key == "log_level") {
    options_.log_level = py::cast<int32_t>(value);
  } else if (key == "log") {
    options_.log = py::cast<bool>(value) ? log_to_queue : nullptr;
  } else {
    throw py::type_error("unknown option " + key);
  }
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
