#include "http/method.h"

#include <array>

namespace kgw::http {
namespace {

constexpr std::array<std::string_view, 10> kNames = {"",       "GET",     "HEAD",    "POST",  "PUT",
                                                     "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};

} // namespace

MethodId method_of(std::string_view name) {
  if (name.empty()) return MethodId::kOther;
  for (size_t i = 1; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<MethodId>(i);
  }
  return MethodId::kOther;
}

std::string_view method_name(MethodId id) { return kNames[static_cast<size_t>(id)]; }

} // namespace kgw::http
