#include "net/tls.h"

#include <openssl/x509v3.h>

#include "net/tls_transport.h"

namespace kgw::net {
namespace {

// RFC 7301: what we speak toward an origin. One byte of length before each name.
constexpr unsigned char kAlpn[] = "\x08http/1.1", kAlpnHttp2[] = "\x02h2\x08http/1.1";

bool expect_name(SSL* ssl, const std::string& name, bool numeric) {
  if (numeric) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name.c_str()) == 1;
}

} // namespace

base::Result<std::shared_ptr<const TlsClient>> TlsClient::make(bool verify) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return std::unexpected(openssl_error("SSL_CTX_new"));
  std::shared_ptr<const TlsClient> client(new TlsClient(context, verify));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_alpn_protos(context, kAlpn, sizeof kAlpn - 1);
  SSL_CTX_set_read_ahead(context, 1); // a record in one recv instead of two
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  if (verify && SSL_CTX_set_default_verify_paths(context) != 1)
    return std::unexpected(openssl_error("certificate authorities"));
  SSL_CTX_set_verify(context, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return client;
}

TlsClient::~TlsClient() { SSL_CTX_free(context_); }

std::unique_ptr<Transport> connect_tls(Loop& loop, Network& network, const Address& to, const TlsClient& client,
                                       const std::string& server_name, TransportHandler& handler, bool http2) {
  Ssl ssl(SSL_new(client.context_));
  KGW_ASSERT(ssl != nullptr);
  SSL_set_connect_state(ssl.get());
  if (http2) SSL_set_alpn_protos(ssl.get(), kAlpnHttp2, sizeof kAlpnHttp2 - 1);
  bool numeric = parse_address(server_name, 0).has_value();
  if (!numeric) SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
  // A name that cannot be expected cannot be verified either: the handshake then fails, it never passes unchecked.
  if (client.verify_ && !expect_name(ssl.get(), server_name, numeric)) SSL_set1_host(ssl.get(), "invalid.");
  auto transport = std::make_unique<TlsTransport>(loop, std::move(ssl), &handler);
  transport->start(network.connect(to, transport->inner_handler()));
  return transport;
}

} // namespace kgw::net
