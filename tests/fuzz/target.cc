// Targets and authorities against the grammar, and what path normalisation promises. First byte: C CONNECT, O OPTIONS,
// else GET; A: the rest is an authority.

#include "http/target.h"
#include "fuzz/grammar.h"
#include "fuzz/require.h"

using namespace kgw;
using namespace kgw::fuzz;

namespace {

void authority(std::string_view text) {
  REQUIRE(http::valid_authority(text) == is_authority(text));
  if (!is_authority(text)) return;
  std::string_view host = http::host_of(text);
  REQUIRE(!host.empty() && text.starts_with(host));
  REQUIRE(text.size() == host.size() || text[host.size()] == ':');
}

// RFC 3986 6.2.2: nothing that a second look would read in another way.
void normalize(std::string_view path) {
  base::Arena arena;
  auto normal = http::normalize_path(path, arena);
  if (!normal) return;
  REQUIRE(normal->size() <= path.size());
  size_t query = path.find('?');
  REQUIRE(query == path.npos || normal->ends_with(path.substr(query)));
  auto again = http::normalize_path(*normal, arena);
  REQUIRE(again && *again == *normal);
  if (!path.starts_with('/')) return;
  std::string plain(normal->substr(0, normal->find('?')));
  for (const char* never : {"//", "\\", "/./", "/../", "%2e", "%2E", "%00"}) REQUIRE(plain.find(never) == plain.npos);
  REQUIRE(plain.starts_with('/') && !plain.ends_with("/.") && !plain.ends_with("/.."));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view text = text_of(data + 1, size - 1);
  if (data[0] == 'A') {
    authority(text);
    return 0;
  }
  std::string_view method = data[0] == 'C' ? "CONNECT" : data[0] == 'O' ? "OPTIONS" : "GET";
  base::Arena arena;
  auto target = http::parse_target(text, http::method_of(method), arena);
  TargetParts parts;
  REQUIRE(target.has_value() == read_target(text, method, parts));
  if (!target) return 0;
  REQUIRE(target->scheme == parts.scheme && target->authority == parts.authority && target->path == parts.path);
  normalize(target->path);
  return 0;
}
