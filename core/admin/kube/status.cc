#include "admin/kube/status.h"

#include <fmt/format.h>

#include "admin/kube/call.h"

namespace kgw::admin::kube {

namespace {

// Bounds of what warnings may add to a response head.
constexpr size_t kWarnings = 64, kWarningBytes = 1024;

Json details_of(const Call& call, std::string_view kind) {
  Json details{{"name", call.id.name}, {"kind", kind}};
  if (!call.kind.group.empty()) details["group"] = call.kind.group;
  return details;
}

std::string line_of(const Problem& problem) {
  return problem.field.empty() ? problem.text : problem.field + ": " + problem.text;
}

// RFC 9110 5.6.4: a quoted-string; no control characters, so that the field stays one line.
std::string quoted_string(std::string_view text) {
  std::string result = "\"";
  for (char c : text.substr(0, kWarningBytes)) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return result + '"';
}

} // namespace

Json failure_json(int code, std::string_view reason, std::string_view message, Json details) {
  return {{"kind", "Status"},   {"apiVersion", "v1"}, {"metadata", Json::object()},    {"status", "Failure"},
          {"message", message}, {"reason", reason},   {"details", std::move(details)}, {"code", code}};
}

Response failure(int code, std::string_view reason, std::string_view message, Json details) {
  Response response;
  response.status = code;
  response.body = dump(failure_json(code, reason, message, std::move(details)));
  return response;
}

Response unknown_path() { return failure(404, "NotFound", "the server could not find the requested resource"); }

Response bad_request(std::string_view message) { return failure(400, "BadRequest", message); }

Response method_not_allowed(std::string_view allow) {
  Response response =
      failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
  response.headers.emplace_back("allow", allow);
  return response;
}

Response unsupported_media_type(std::string_view accepted) {
  return failure(
      415, "UnsupportedMediaType",
      fmt::format("the body of the request was in an unknown format - accepted media types include: {}", accepted));
}

Json expired(std::string_view message) { return failure_json(410, "Expired", message); }

Response object_not_found(const Call& call) {
  return failure(404, "NotFound", fmt::format("{} \"{}\" not found", call.resource(), call.id.name),
                 details_of(call, call.kind.plural));
}

Response already_exists(const Call& call) {
  return failure(409, "AlreadyExists", fmt::format("{} \"{}\" already exists", call.resource(), call.id.name),
                 details_of(call, call.kind.plural));
}

Response conflict(const Call& call, std::string_view why) {
  return failure(409, "Conflict",
                 fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", call.resource(), call.id.name, why),
                 details_of(call, call.kind.plural));
}

Response invalid(const Call& call, const std::vector<Problem>& problems) {
  std::string text;
  Json causes = Json::array();
  for (const Problem& problem : problems) {
    if (problem.warning) continue;
    if (!text.empty()) text += ", ";
    text += line_of(problem);
    causes.push_back({{"reason", problem.reason}, {"message", problem.text}, {"field", problem.field}});
  }
  if (causes.size() > 1) text = "[" + text + "]";
  std::string kind = call.kind.group.empty() ? call.kind.kind : call.kind.kind + "." + call.kind.group;
  Json details = details_of(call, call.kind.kind);
  details["causes"] = std::move(causes);
  return failure(422, "Invalid", fmt::format("{} \"{}\" is invalid: {}", kind, call.id.name, text), std::move(details));
}

void add_warnings(Response& response, const std::vector<Problem>& problems) {
  size_t count = 0;
  for (const Problem& problem : problems) {
    if (!problem.warning || ++count > kWarnings) continue;
    response.headers.emplace_back("warning", "299 - " + quoted_string(line_of(problem)));
  }
}

} // namespace kgw::admin::kube
