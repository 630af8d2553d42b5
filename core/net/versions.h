#pragma once

#include <string>

namespace kgw::net {

// The libraries of this folder as they are linked: "libevent 2.1.12-stable; c-ares 1.18.1; OpenSSL 3.0.17 ...".
std::string library_versions();

} // namespace kgw::net
