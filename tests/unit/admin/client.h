#pragma once
// Requests to a Site over a FakePlane, without sockets.

#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "admin/json.h"
#include "admin/site.h"
#include "unit/admin/fake_plane.h"

namespace kgw::test {

inline constexpr const char* kRoutes = "/apis/gateway.networking.k8s.io/v1/namespaces/httpbin/httproutes";
inline constexpr const char* kServices = "/api/v1/namespaces/httpbin/services";
inline constexpr int64_t kNow =
    1795560675 + 5; // five seconds after the fake's creation stamps: 2026-11-24T22:51:20Z minus a minute

struct Answer {
  int status = 0;
  std::string content_type, body;
  admin::Headers headers;
  std::unique_ptr<admin::Stream> stream;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  std::string header(const std::string& name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

class Client {
 public:
  explicit Client(admin::Guard guard = {}) : site_(fake.plane, std::move(guard), [] { return kNow; }, 7) {}

  Answer send(const std::string& method, const std::string& target, const std::string& body = {},
              admin::Headers headers = {}) {
    auto answer = begin(method, target, body, std::move(headers));
    EXPECT_TRUE(answer->has_value());
    return answer->has_value() ? std::move(**answer) : Answer{};
  }
  Answer get(const std::string& target, admin::Headers headers = {}) {
    return send("GET", target, {}, std::move(headers));
  }
  Answer post(const std::string& target, const nlohmann::json& body) {
    return send("POST", target, body.dump(), {{"content-type", "application/json"}});
  }
  Answer put(const std::string& target, const nlohmann::json& body) {
    return send("PUT", target, body.dump(), {{"content-type", "application/json"}});
  }
  Answer patch(const std::string& target, const std::string& kind, const nlohmann::json& body) {
    return send("PATCH", target, body.dump(), {{"content-type", "application/" + kind}});
  }
  // An answer that may come later.
  std::shared_ptr<std::optional<Answer>> begin(const std::string& method, const std::string& target,
                                               const std::string& body, admin::Headers headers) {
    size_t question = target.find('?');
    admin::Request request{.method = method,
                           .path = target.substr(0, question),
                           .host = host,
                           .headers = std::move(headers),
                           .body = body};
    if (question != std::string::npos) request.query = target.substr(question + 1);
    auto answer = std::make_shared<std::optional<Answer>>();
    site_.handle(std::move(request), [answer](admin::Response response) {
      answer->emplace(response.status, response.content_type, response.body, response.headers,
                      std::move(response.stream));
    });
    return answer;
  }

  FakePlane fake;
  std::string host = "127.0.0.1:19000";

 private:
  admin::Site site_;
};

inline nlohmann::json route(const std::string& name, nlohmann::json spec = nlohmann::json::object()) {
  return {{"apiVersion", "gateway.networking.k8s.io/v1"},
          {"kind", "HTTPRoute"},
          {"metadata", {{"name", name}}},
          {"spec", std::move(spec)}};
}

} // namespace kgw::test
