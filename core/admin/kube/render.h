#pragma once
// Objects and lists in the form that the request's Accept field asks for.

#include <vector>

#include "admin/json.h"
#include "admin/kube/call.h"

namespace kgw::admin::kube {

enum class Form : uint8_t { kObject, kTable, kNone /* nothing that we can write: 406 */ };
Form form_of(const Request& request);

Json table_for(const Call& call, const std::vector<Json>& objects, const std::string& resource_version);
Response render_object(const Call& call, int status, const Json& object);
Response render_list(const Call& call, std::vector<Json> objects, uint64_t resource_version);

} // namespace kgw::admin::kube
