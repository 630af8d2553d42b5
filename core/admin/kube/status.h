#pragma once
// Kubernetes' way to say that something went wrong: a Status object with a code, a reason and details.

#include <string>
#include <string_view>
#include <vector>

#include "admin/control_plane.h"
#include "admin/json.h"
#include "admin/message.h"

namespace kgw::admin::kube {

struct Call;

Json failure_json(int code, std::string_view reason, std::string_view message, Json details = Json::object());
Response failure(int code, std::string_view reason, std::string_view message, Json details = Json::object());

Response unknown_path();                                    // 404: nothing is at this path
Response bad_request(std::string_view message);             // 400
Response method_not_allowed(std::string_view allow);        // 405; `allow` as in the Allow field
Response unsupported_media_type(std::string_view accepted); // 415
Json expired(std::string_view message);                     // 410, as the object of a watch's ERROR event

Response object_not_found(const Call& call);
Response already_exists(const Call& call);
Response conflict(const Call& call, std::string_view why);
// 422 with one cause a problem that is not a warning.
Response invalid(const Call& call, const std::vector<Problem>& problems);

inline constexpr std::string_view kModified =
    "the object has been modified; please apply your changes to the latest version and try again";

// One Warning field (RFC 7234 5.5) a problem that is a warning.
void add_warnings(Response& response, const std::vector<Problem>& problems);

} // namespace kgw::admin::kube
