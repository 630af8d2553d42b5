#pragma once
// Who may ask at all. The admin address has no authorization: whoever reaches it may change everything, so the browser
// of a user on this machine must not be made to reach it (DNS rebinding, forms, scripts of other origins).

#include <optional>
#include <string>

#include "admin/message.h"

namespace kgw::admin {

struct Guard {
  std::string token;     // empty: none is asked for
  std::string host_name; // a further accepted host besides 127.0.0.1, localhost and [::1]

  // Takes the token off the path. The answer, if the request is refused: 401, 403, 415.
  std::optional<Response> refuse(Request& request) const;

 private:
  bool host_accepted(const std::string& authority) const;
  bool token_accepted(Request& request) const;
};

} // namespace kgw::admin
