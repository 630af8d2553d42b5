#include "config/readers.h"
#include "config/rules.h"
#include "http/target.h"

namespace kgw::config {
namespace {

PolicyTarget read_target(const Value& value) {
  Fields fields(value);
  PolicyTarget ref;
  ref.at = value.at();
  ref.path = value.path();
  ref.group = fields.get("group", Need::kRequired).word({"gateway.networking.k8s.io"});
  ref.kind = fields.get("kind", Need::kRequired).word({"HTTPRoute"});
  ref.name = fields.text("name", kDnsName, Need::kRequired);
  ref.namespace_name = fields.text("namespace", kDnsLabel);
  return ref;
}

void name_unbuilt_options(Fields& options) {
  options.later({"idleTimeout", "headerManipulation", "prefixRewrite", "regexRewrite", "autoHostRewrite",
                 "hostRewriteHeader", "hostRewritePathRegex", "appendXForwardedHost", "shadowing", "lbHash", "cors",
                 "upgrades", "bufferPerRoute"});
  options.ignore({"tracing", "extensions", "envoyMetadata"});
  options.refuse({"transformations", "stagedTransformations", "extProc", "extProcEarly", "extProcLate", "ai"});
  options.protect(kOptionProtections, Fields::Off::kTrue);
}

} // namespace

RouteOption read_route_option(Fields& top) {
  // Gloo's own pages write snake_case, which its proto JSON allows.
  top.report().snake_case = true;
  RouteOption option;
  {
    Fields spec(top.get("spec", Need::kRequired));
    for (const Value& item : spec.items("targetRefs", {0, SIZE_MAX})) option.targets.push_back(read_target(item));
    Fields options(spec.get("options"));
    Value timeout = options.get("timeout"), retries = options.get("retries");
    option.timeout_at = timeout.spot();
    option.timeout = timeout.duration(DurationGrammar::kRouteOption);
    if (retries.present()) read_retries(retries, option);
    Value host = options.get("hostRewrite");
    if (host.present()) option.host_rewrite = host.text({http::valid_authority, "HOST or HOST:PORT", 255});
    Value faults = options.get("faults"), stream = options.get("maxStreamDuration");
    if (faults.present()) option.faults = read_faults(faults);
    option.stream_duration_at = stream.spot();
    if (stream.present()) option.stream_duration = read_stream_duration(stream);
    name_unbuilt_options(options);
  }
  top.report().snake_case = false;
  return option;
}

} // namespace kgw::config
