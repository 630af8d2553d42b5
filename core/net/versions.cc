#include "net/versions.h"

#include <ares.h>
#include <event2/event.h>
#include <openssl/crypto.h>

namespace kgw::net {

std::string library_versions() {
  return std::string("libevent ") + event_get_version() + "; c-ares " + ares_version(nullptr) + "; " +
         OpenSSL_version(OPENSSL_VERSION);
}

} // namespace kgw::net
