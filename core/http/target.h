#pragma once
// Request targets and authorities. RFC 9112 3.2, RFC 3986 3.2.2. Pure text functions.

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "base/result.h"
#include "http/method.h"

namespace kgw::http {

struct Target {
  std::string_view scheme, authority; // of an absolute target, else empty
  std::string_view path;              // origin form with query, or "*"; points into the input or the arena
};

// Accepts the four forms by their rules: "*" only for OPTIONS, authority form only for CONNECT, no fragment, no control
// or blank. An absolute target without path gets "/". Fails with kInvalid (answer: 400).
base::Result<Target> parse_target(std::string_view text, MethodId method, base::Arena& arena);

// uri-host [":" port]: a reg-name, IPv4 or bracketed IPv6 literal; no userinfo, blank or list; port 0 to 65535 or
// empty.
bool valid_authority(std::string_view authority);
// Host part of a valid authority, without port, brackets kept. Case is kept.
std::string_view host_of(std::string_view authority);

// Envoy's path normalisation as kgateway turns it on: dot segments resolved, repeated slashes merged, "\" becomes "/",
// %XX of unreserved characters decoded, other escapes kept (never %2f). The query is untouched. Returns the input
// itself when nothing changes; fails with kInvalid when ".." leaves the root. "*" is returned as it is.
base::Result<std::string_view> normalize_path(std::string_view path_and_query, base::Arena& arena);

} // namespace kgw::http
