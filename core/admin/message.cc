#include "admin/message.h"

#include <algorithm>

namespace kgw::admin {

namespace {

auto find(const Headers& headers, std::string_view name) {
  return std::ranges::find_if(headers, [&](const auto& header) { return header.first == name; });
}

} // namespace

std::string_view Request::header(std::string_view name) const {
  auto found = find(headers, name);
  return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

bool Request::has_header(std::string_view name) const { return find(headers, name) != headers.end(); }

} // namespace kgw::admin
