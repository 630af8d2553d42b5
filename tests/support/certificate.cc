#include "support/certificate.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace kgw::test {

Certificate::Certificate(const char* names) : x509(X509_new()), key(EVP_EC_gen("P-256")) {
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_set_version(x509, X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, key);
  X509_NAME* subject = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("kgw test"), -1, -1,
                             0);
  X509_set_issuer_name(x509, subject);
  X509V3_CTX context;
  X509V3_set_ctx(&context, x509, x509, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names);
  X509_add_ext(x509, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(x509, key, EVP_sha256());
}

Certificate::~Certificate() {
  X509_free(x509);
  EVP_PKEY_free(key);
}

OnlyAuthority::OnlyAuthority(const Certificate& certificate) : path_("/tmp/kgw-authority-XXXXXX") {
  FILE* file = fdopen(mkstemp(path_.data()), "w");
  PEM_write_X509(file, certificate.x509);
  std::fclose(file);
  setenv("SSL_CERT_FILE", path_.c_str(), 1);
}

OnlyAuthority::~OnlyAuthority() {
  unsetenv("SSL_CERT_FILE");
  unlink(path_.c_str());
}

} // namespace kgw::test
