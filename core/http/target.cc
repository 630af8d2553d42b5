#include "http/target.h"

#include <array>

#include "base/text.h"

namespace kgw::http {
namespace {

auto invalid(const char* why) { return base::fail(base::ErrorCode::kInvalid, why); }

// A fragment is never sent (RFC 9112 3.2); bytes above 0x7f are opaque, as clients send them.
constexpr auto kRefused = [] {
  std::array<bool, 256> table{};
  for (unsigned byte = 0; byte <= 0x20; ++byte) table[byte] = true;
  table[0x7f] = table['#'] = true;
  return table;
}();

bool valid_bytes(std::string_view text) {
  bool refused = false;
  for (char c : text) refused |= kRefused[static_cast<unsigned char>(c)];
  return !refused;
}

// RFC 9112 3.2.3, RFC 9110 9.3.6: host and port, both there.
base::Result<Target> authority_form(std::string_view text) {
  bool with_port = host_of(text).size() + 1 < text.size();
  if (!with_port || !valid_authority(text)) return invalid("target of CONNECT is not host:port");
  return Target{.authority = text};
}

base::Result<Target> absolute_form(std::string_view text, MethodId method, base::Arena& arena) {
  size_t colon = text.find("://");
  if (colon == std::string_view::npos) return invalid("target has none of the four forms");
  Target target;
  std::string_view scheme = text.substr(0, colon);
  if (base::equal_ignore_case(scheme, "http")) target.scheme = "http";
  if (base::equal_ignore_case(scheme, "https")) target.scheme = "https";
  if (target.scheme.empty()) return invalid("scheme of the target is neither http nor https");
  std::string_view rest = text.substr(colon + 3);
  target.authority = rest.substr(0, rest.find_first_of("/?"));
  if (!valid_authority(target.authority)) return invalid("authority of the target is invalid");
  target.path = rest.substr(target.authority.size());
  if (target.path.empty()) {
    target.path = method == MethodId::kOptions ? "*" : "/"; // RFC 9112 3.2.4, 3.2.1
  } else if (target.path[0] == '?') {
    auto* path = static_cast<char*>(arena.allocate(target.path.size() + 1, 1));
    path[0] = '/';
    target.path.copy(path + 1, target.path.size());
    target.path = {path, target.path.size() + 1};
  }
  return target;
}

} // namespace

base::Result<Target> parse_target(std::string_view text, MethodId method, base::Arena& arena) {
  if (text.empty() || !valid_bytes(text)) return invalid("target has an invalid byte");
  if (method == MethodId::kConnect) return authority_form(text);
  if (text[0] == '/') return Target{.path = text};
  if (text != "*") return absolute_form(text, method, arena);
  if (method != MethodId::kOptions) return invalid("target * is for OPTIONS only");
  return Target{.path = text};
}

} // namespace kgw::http
