#pragma once
// A self-signed certificate made on the spot, and where to put it so that a TlsClient trusts it.

#include <string>

#include <openssl/ssl.h>

namespace kgw::test {

struct Certificate {
  X509* x509 = nullptr;
  EVP_PKEY* key = nullptr;
  // `names` as OpenSSL writes a subjectAltName: "DNS:api.example,IP:127.0.0.1".
  explicit Certificate(const char* names);
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
};

// While it lives, the process's only authority (SSL_CERT_FILE).
class OnlyAuthority {
 public:
  explicit OnlyAuthority(const Certificate& certificate);
  ~OnlyAuthority();

 private:
  std::string path_;
};

} // namespace kgw::test
