#include "admin/guard.h"

#include "admin/kube/patch.h"
#include "admin/kube/status.h"
#include "base/text.h"

namespace kgw::admin {

namespace {

// Takes the same time wherever the texts differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i] ^ b[i]);
  return difference == 0;
}

// What a page can send without being asked for permission first.
bool form_type(const std::string& type) {
  return type == "application/x-www-form-urlencoded" || type == "multipart/form-data" || type == "text/plain";
}

// What is no port stays part of the host, which is then none of ours.
std::string_view without_port(std::string_view authority) {
  size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return authority;
  bool port = authority.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  return port ? authority.substr(0, colon) : authority;
}

} // namespace

std::optional<Response> Guard::refuse(Request& request) const {
  if (!host_accepted(request.host)) {
    return kube::failure(403, "Forbidden", "the Host of the request is not a name of the admin address");
  }
  if (request.has_header("origin")) {
    return kube::failure(403, "Forbidden", "the admin address does not answer web pages");
  }
  if (!token_accepted(request)) return kube::failure(401, "Unauthorized", "Unauthorized");
  if (form_type(kube::media_type(request))) return kube::unsupported_media_type("application/json");
  return std::nullopt;
}

bool Guard::host_accepted(const std::string& authority) const {
  std::string host = base::to_lower(without_port(authority));
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]" ||
         (!host_name.empty() && host == base::to_lower(host_name));
}

bool Guard::token_accepted(Request& request) const {
  if (token.empty()) return true;
  size_t end = request.path.find('/', 1);
  if (request.path.size() > 1 && same_secret(std::string_view(request.path).substr(1, end - 1), token)) {
    request.path = end == std::string::npos ? "/" : request.path.substr(end);
    return true;
  }
  constexpr std::string_view kBearer = "bearer ";
  std::string_view field = request.header("authorization");
  return field.size() > kBearer.size() && base::equal_ignore_case(field.substr(0, kBearer.size()), kBearer) &&
         same_secret(base::trim(field.substr(kBearer.size())), token);
}

} // namespace kgw::admin
