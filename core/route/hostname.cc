// The Gateway API's rules for hostnames: what a pattern covers, and what a listener and a route have in common.

#include "route/table.h"

namespace kgw::route {
namespace {

bool is_wildcard(std::string_view pattern) { return pattern.starts_with("*."); }

} // namespace

bool hostname_covers(std::string_view pattern, std::string_view host) {
  if (pattern.empty()) return true;
  if (!is_wildcard(pattern)) return pattern == host;
  std::string_view suffix = pattern.substr(1);
  return host.size() > suffix.size() && host.ends_with(suffix);
}

Intersection intersect_hostnames(std::string_view listener, std::string_view route) {
  if (listener == route) return {true, listener};
  if (listener.empty()) return {true, route};
  if (route.empty()) return {true, listener};
  // With both sides set and unequal, one must lie inside the other. A wildcard is covered as if its star were a label,
  // so that of two nested wildcards the longer remains.
  if (hostname_covers(listener, route)) return {true, route};
  if (hostname_covers(route, listener)) return {true, listener};
  return {};
}

} // namespace kgw::route
