#pragma once
// What a WebSocket handshake proves (RFC 6455 4.2.2). Here because it takes SHA-1, and OpenSSL lives here.

#include <array>
#include <string_view>

namespace kgw::net {

// What the answer to this key has to say. All zero where OpenSSL does no SHA-1: no answer says that.
std::array<char, 28> websocket_accept(std::string_view key);
// A key of sixteen bytes.
std::array<char, 24> websocket_key(const std::array<unsigned char, 16>& nonce);

} // namespace kgw::net
