// The certificates of an address, and which of them a client gets.

#include <algorithm>
#include <cstring>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls.h"
#include "net/tls_transport.h"

namespace kgw::net {
namespace {

struct ContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextFree>;

struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
std::unique_ptr<BIO, BioFree> reader(const std::string& pem) {
  return std::unique_ptr<BIO, BioFree>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// A key that asks for a pass phrase is none that we can use; nobody is there to be asked.
int no_pass_phrase(char*, int, int, void*) { return 0; }

bool use_chain(SSL_CTX* context, const std::string& pem) {
  auto bio = reader(pem);
  X509* leaf = PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr);
  if (leaf == nullptr) return false;
  bool used = SSL_CTX_use_certificate(context, leaf) == 1;
  X509_free(leaf);
  while (X509* above = used ? PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr) : nullptr) {
    used = SSL_CTX_add0_chain_cert(context, above) == 1;
    if (!used) X509_free(above);
  }
  ERR_clear_error(); // the end of the text
  return used;
}

bool use_key(SSL_CTX* context, const std::string& pem) {
  auto bio = reader(pem);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr);
  if (key == nullptr) return false;
  bool used = SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
  EVP_PKEY_free(key);
  return used;
}

// RFC 7301 3.2: our order counts. A client that offers nothing we speak is refused.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* offered,
                    unsigned bytes, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  int result = SSL_select_next_proto(&chosen, out_bytes, kOurs, sizeof kOurs - 1, offered, bytes);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

// How well a listener's hostname fits; a longer wildcard fits better, an equal name best of all.
size_t fit(std::string_view hostname, std::string_view name) {
  if (hostname == name) return SIZE_MAX;
  if (hostname.empty()) return 1;
  bool wild = hostname.starts_with("*.") && name.size() > hostname.size() - 1 && name.ends_with(hostname.substr(1));
  return wild ? hostname.size() : 0;
}

} // namespace

struct TlsServer::Names {
  struct Named {
    std::string hostname;
    Context context;
  };
  std::vector<Named> all;

  static int choose(SSL* ssl, int*, void* self) {
    const char* wanted = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (wanted == nullptr) return SSL_TLSEXT_ERR_OK;
    std::string name(wanted);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const auto& all = static_cast<Names*>(self)->all;
    auto best = std::ranges::max_element(all, {}, [&](const Named& item) { return fit(item.hostname, name); });
    if (fit(best->hostname, name) > 0) SSL_set_SSL_CTX(ssl, best->context.get());
    return SSL_TLSEXT_ERR_OK;
  }
};

TlsServer::TlsServer(std::unique_ptr<Names> names) : names_(std::move(names)) {}
TlsServer::~TlsServer() = default;

base::Result<std::shared_ptr<const TlsServer>> TlsServer::make(const std::vector<Certificate>& certificates) {
  KGW_ASSERT(!certificates.empty());
  auto names = std::make_unique<Names>();
  for (const Certificate& certificate : certificates) {
    Context context(SSL_CTX_new(TLS_server_method()));
    if (context == nullptr) return std::unexpected(openssl_error("SSL_CTX_new"));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_read_ahead(context.get(), 1); // a record in one recv instead of two
    SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
    static constexpr unsigned char kSessions[] = "kgwcore";
    SSL_CTX_set_session_id_context(context.get(), kSessions, sizeof kSessions - 1);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF); // tickets alone: nothing is kept for clients
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    SSL_CTX_set_tlsext_servername_callback(context.get(), Names::choose);
    SSL_CTX_set_tlsext_servername_arg(context.get(), names.get());
    if (!use_chain(context.get(), certificate.chain)) return std::unexpected(openssl_error("tls.crt"));
    if (!use_key(context.get(), certificate.key)) return std::unexpected(openssl_error("tls.key"));
    names->all.push_back({certificate.hostname, std::move(context)});
  }
  return std::shared_ptr<const TlsServer>(new TlsServer(std::move(names)));
}

std::unique_ptr<Transport> accept_tls(Loop& loop, std::unique_ptr<Transport> inner,
                                      std::shared_ptr<const TlsServer> server) {
  Ssl ssl(SSL_new(server->names_->all.front().context.get()));
  KGW_ASSERT(ssl != nullptr);
  SSL_set_accept_state(ssl.get());
  auto transport = std::make_unique<TlsTransport>(loop, std::move(ssl), nullptr);
  inner->set_handler(&transport->inner_handler());
  transport->start(std::move(inner));
  transport->keep(std::move(server));
  return transport;
}

} // namespace kgw::net
