#include "net/websocket.h"

#include <algorithm>
#include <string>

#include <openssl/evp.h>

#include "base/result.h"

namespace kgw::net {
namespace {

constexpr std::string_view kProtocolId = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// OpenSSL ends the text with a zero byte.
template <size_t kLength> std::array<char, kLength> base64(const unsigned char* bytes, int count) {
  std::array<unsigned char, kLength + 1> text{};
  KGW_ASSERT(EVP_EncodeBlock(text.data(), bytes, count) == kLength);
  std::array<char, kLength> result{};
  std::copy_n(text.begin(), kLength, result.begin());
  return result;
}

} // namespace

std::array<char, 28> websocket_accept(std::string_view key) {
  std::string text(key);
  text += kProtocolId;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned bytes = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &bytes, EVP_sha1(), nullptr) != 1) return {};
  return base64<28>(digest.data(), 20);
}

std::array<char, 24> websocket_key(const std::array<unsigned char, 16>& nonce) { return base64<24>(nonce.data(), 16); }

} // namespace kgw::net
