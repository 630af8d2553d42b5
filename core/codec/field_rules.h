#pragma once
// What a field may be called, whatever the protocol.

#include <string_view>

#include "http/head.h"

namespace kgw::codec {

// Servers that map "_" to "-" (CGI) would read a second host, length or trusted field where we read an unknown one.
bool underscore_twin(std::string_view lower_case_name);

// RFC 9110 6.5.1: nothing that frames, routes, authorises or steers a message comes behind it.
bool allowed_in_trailers(const http::Field& field);

} // namespace kgw::codec
