#include <map>

#include <fmt/format.h>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr const char* kGatewayApi = "gateway.networking.k8s.io";
constexpr size_t kMostMatches = 128;

std::optional<uint16_t> read_port(const Value& value) {
  auto port = value.integer(kPort);
  return port ? std::optional<uint16_t>(static_cast<uint16_t>(*port)) : std::nullopt;
}

ObjectRef read_parent(const Value& value) {
  Fields fields(value);
  ObjectRef ref;
  ref.at = value.at();
  ref.group = fields.get("group").text(kGroup, kGatewayApi);
  ref.kind = fields.get("kind").text(kKindName, "Gateway");
  ref.namespace_name = fields.text("namespace", kDnsLabel);
  ref.name = fields.text("name", kDnsName, Need::kRequired);
  ref.section_name = fields.text("sectionName", kDnsName);
  ref.port = read_port(fields.get("port"));
  return ref;
}

// Several references to one parent need something that tells them apart on each.
std::vector<ObjectRef> read_parents(Fields& spec) {
  std::vector<ObjectRef> parents;
  std::map<std::string, bool> whole; // by parent: one of its references names no section and no port
  Seen sections;
  for (const Value& item : spec.items("parentRefs", {0, 32})) {
    ObjectRef ref = read_parent(item);
    std::string parent = fmt::format("{}/{} {}/{}", ref.group, ref.kind, ref.namespace_name, ref.name);
    bool is_whole = ref.section_name.empty() && !ref.port;
    auto [known, first] = whole.emplace(parent, is_whole);
    if (!first && (is_whole || known->second)) {
      item.error_text(ProblemClass::kDuplicate,
                      problem_text(ProblemClass::kDuplicate, in_quotes(ref.name),
                                   "sectionName or port on each reference to the same parent"));
    } else {
      sections.check(item, fmt::format("{} {} {}", parent, ref.section_name, ref.port.value_or(0)),
                     "another sectionName or port on each reference to the same parent");
    }
    parents.push_back(std::move(ref));
  }
  return parents;
}

BackendRef read_backend_ref(const Value& value) {
  Fields fields(value);
  BackendRef ref;
  ref.at = value.at();
  ref.group = fields.text("group", kGroup);
  ref.kind = fields.get("kind").text(kKindName, "Service");
  ref.namespace_name = fields.text("namespace", kDnsLabel);
  ref.name = fields.text("name", kDnsName, Need::kRequired);
  bool service = ref.group.empty() && ref.kind == "Service";
  Value port = fields.get("port");
  ref.port = read_port(port);
  if (service && !port.present()) {
    port.error_text(ProblemClass::kRequired, "required value missing: got nothing; need the port of the Service");
  }
  ref.weight = static_cast<uint32_t>(fields.integer("weight", {0, 1'000'000}).value_or(1));
  fields.later({"filters"});
  return ref;
}

HttpRouteRule read_rule(const Value& value) {
  Fields fields(value);
  HttpRouteRule rule;
  rule.at = value.at();
  rule.name = fields.text("name", kDnsName);
  rule.matches = read_matches(fields);
  rule.extension_refs = read_filters(fields);
  for (const Value& item : fields.items("backendRefs", {0, 16})) rule.backends.push_back(read_backend_ref(item));
  read_timeouts(fields.get("timeouts"), rule);
  read_retry(fields.get("retry"), rule);
  fields.later({"sessionPersistence"});
  return rule;
}

std::vector<HttpRouteRule> read_rules(Fields& spec) {
  std::vector<HttpRouteRule> rules;
  size_t matches = 0;
  Seen names;
  Value list = spec.get("rules");
  for (const Value& item : list.items({1, 16})) {
    rules.push_back(read_rule(item));
    if (!rules.back().name.empty()) names.check(item, rules.back().name, "a name of its own for each rule");
    matches += rules.back().matches.size();
  }
  if (matches > kMostMatches) {
    list.error_text(ProblemClass::kTooMany, problem_text(ProblemClass::kTooMany, fmt::format("{} matches", matches),
                                                         fmt::format("at most {} in all rules", kMostMatches)));
  }
  if (!list.present()) {
    rules.emplace_back().matches.emplace_back();
    rules.back().at = list.at();
  }
  return rules;
}

} // namespace

HttpRoute read_http_route(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  HttpRoute route;
  route.parents = read_parents(spec);
  Seen hostnames;
  for (const Value& item : spec.items("hostnames", {0, 16})) {
    route.hostnames.push_back(item.text(kHostname));
    hostnames.check(item, route.hostnames.back(), "each hostname once");
  }
  route.rules = read_rules(spec);
  spec.refuse({"useDefaultGateways"});
  return route;
}

} // namespace kgw::config
