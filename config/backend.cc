#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {

// Upstream is the name that kgateway's Backend had until March 2025; the fields are the same.
Backend read_backend(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  Backend backend;
  std::string type = spec.get("type").word({"Static", "AI", "AWS", "DynamicForwardProxy", "GCP"}, "Static");
  spec.refuse({"ai", "aws", "dynamicForwardProxy", "gcp"});
  if (type != "Static") {
    spec.get("type").error_text(ProblemClass::kNotSupported, class_text(ProblemClass::kNotSupported));
    spec.ignore({"static"});
    return backend;
  }
  Fields fixed(spec.get("static", Need::kRequired));
  for (const Value& item : fixed.items("hosts", {1, SIZE_MAX}, Need::kRequired)) {
    Fields fields(item);
    Backend::Host host;
    host.host = fields.text("host", kHostOrIp, Need::kRequired);
    host.port = static_cast<uint16_t>(fields.integer("port", kPort, Need::kRequired).value_or(0));
    backend.hosts.push_back(std::move(host));
  }
  fixed.later({"appProtocol"});
  return backend;
}

} // namespace kgw::config
