#pragma once
// TLS over any Transport. OpenSSL is known in this folder alone.

#include <memory>
#include <string>

#include "base/result.h"
#include "net/transport.h"

struct ssl_ctx_st;

namespace kgw::net {

// What the connections to one kind of origin share. Made on the control thread (it reads the system's authorities),
// immutable afterwards, used by every worker. Where the
// authorities lie is OpenSSL's business: it also looks at SSL_CERT_FILE and SSL_CERT_DIR.
class TlsClient {
 public:
  // `verify`: the certificate must lead to one of the system's authorities and bear the server's name (RFC 9110 4.3.4).
  static base::Result<std::shared_ptr<const TlsClient>> make(bool verify);
  ~TlsClient();
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

 private:
  friend std::unique_ptr<Transport> connect_tls(Loop&, Network&, const Address&, const TlsClient&, const std::string&,
                                                TransportHandler&);
  TlsClient(ssl_ctx_st* context, bool verify) : context_(context), verify_(verify) {}
  ssl_ctx_st* context_;
  bool verify_;
};

// As Network::connect; on_connected comes after the handshake. `server_name` is a host name (then also the SNI, RFC 6066 3)
// or a numeric address. A stream that ends without close_notify reads as an error: it may have been cut (RFC 8446 6.1).
std::unique_ptr<Transport> connect_tls(Loop& loop, Network& network, const Address& to, const TlsClient& client,
                                       const std::string& server_name, TransportHandler& handler);

} // namespace kgw::net
