#include "proxy/websocket.h"

#include <cstring>

#include "base/text.h"
#include "http/forwarding.h"
#include "net/websocket.h"

namespace kgw::proxy {
namespace {

constexpr std::string_view kKey = "sec-websocket-key", kAccept = "sec-websocket-accept";

bool asks_for_websocket(const http::Head& request) { return base::equal_ignore_case(request.upgrade, "websocket"); }

} // namespace

bool ask_for_websocket(http::Head& request, base::Arena& arena, base::Random& random) {
  if (request.version != http::Version::kHttp2 || !asks_for_websocket(request) || request.find(kKey) != nullptr)
    return false;
  uint64_t words[2] = {random.next(), random.next()};
  std::array<unsigned char, 16> nonce{};
  std::memcpy(nonce.data(), words, nonce.size());
  auto key = net::websocket_key(nonce);
  http::add_field(request, arena, kKey, arena.copy({key.data(), key.size()}));
  request.all().back().flags |= http::kHttp1Only;
  return true;
}

bool agrees_on_tunnel(const http::Head& request, http::Head& answer, bool opens, bool own_key, base::Arena& arena) {
  bool h2_client = request.version == http::Version::kHttp2, h2_origin = answer.version == http::Version::kHttp2;
  // An answer that ends there would be a tunnel to a client of HTTP/2, to which any 2xx is one.
  if (!opens) return !h2_client || request.upgrade.empty() || answer.status / 100 != 2;
  const http::Field* key = request.find(kKey);
  if (h2_client == h2_origin || key == nullptr || !asks_for_websocket(request)) return true;
  auto expected = net::websocket_accept(key->value_view());
  std::string_view proof{expected.data(), expected.size()};
  if (h2_origin) {
    http::set_field(answer, arena, kAccept, arena.copy(proof));
    return true;
  }
  const http::Field* accept = answer.find(kAccept);
  bool proven = accept != nullptr && accept->value_view() == proof;
  if (own_key) answer.remove(kAccept); // a proxy may add its own
  return proven;
}

} // namespace kgw::proxy
