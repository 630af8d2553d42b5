#pragma once
// TLS over any Transport. OpenSSL is known in this folder alone.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/transport.h"

struct ssl_ctx_st;

namespace kgw::net {

// A certificate with the chain above it and its key, as PEM, for the names that a listener takes.
struct Certificate {
  std::string hostname; // empty: any; may begin with "*."
  std::string chain, key;
  bool operator==(const Certificate&) const = default;
};

// What the connections of clients to one address share. Made on the control thread, immutable afterwards, used by every
// worker. Keeps the tickets of resumed sessions readable for as long as it lives.
class TlsServer {
 public:
  // The first certificate answers clients that name no server, or none that is known (RFC 6066 3). Fails when one of
  // them cannot be used; `error` names it.
  static base::Result<std::shared_ptr<const TlsServer>> make(const std::vector<Certificate>& certificates);
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  struct Names; // the contexts by name

 private:
  friend std::unique_ptr<Transport> accept_tls(Loop&, std::unique_ptr<Transport>, std::shared_ptr<const TlsServer>);
  explicit TlsServer(std::unique_ptr<Names> names);
  std::unique_ptr<Names> names_;
};

// A client's connection, which keeps `server`: `inner` is open. Nothing can be read or written before on_connected; a
// handshake that fails is told as on_connect_failed.
std::unique_ptr<Transport> accept_tls(Loop& loop, std::unique_ptr<Transport> inner,
                                      std::shared_ptr<const TlsServer> server);

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
                                                TransportHandler&, bool);
  TlsClient(ssl_ctx_st* context, bool verify) : context_(context), verify_(verify) {}
  ssl_ctx_st* context_;
  bool verify_;
};

// As Network::connect; on_connected comes after the handshake. `server_name` is a host name (then also the SNI, RFC
// 6066 3) or a numeric address. A stream that ends without close_notify reads as an error: it may have been cut (RFC
// 8446 6.1). `http2`: offered first.
std::unique_ptr<Transport> connect_tls(Loop& loop, Network& network, const Address& to, const TlsClient& client,
                                       const std::string& server_name, TransportHandler& handler, bool http2);

} // namespace kgw::net
