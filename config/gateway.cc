#include <fmt/format.h>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr const char* kProtocols = "one of HTTP, HTTPS, TLS, TCP, UDP, or DOMAIN/NAME";

bool is_protocol(std::string_view text) {
  for (std::string_view known : {"HTTP", "HTTPS", "TLS", "TCP", "UDP"}) {
    if (text == known) return true;
  }
  size_t slash = text.find('/');
  return slash != std::string_view::npos && is_dns_name(text.substr(0, slash)) && is_kind_name(text.substr(slash + 1));
}

LabelRequirement read_requirement(const Value& value) {
  using Operator = LabelRequirement::Operator;
  Fields fields(value);
  LabelRequirement requirement;
  requirement.key = fields.text("key", kNotEmpty, Need::kRequired);
  std::string op = fields.get("operator", Need::kRequired).word({"In", "NotIn", "Exists", "DoesNotExist"}, "In");
  requirement.op = op == "In"       ? Operator::kIn
                   : op == "NotIn"  ? Operator::kNotIn
                   : op == "Exists" ? Operator::kExists
                                    : Operator::kDoesNotExist;
  Value values = fields.get("values");
  for (const Value& item : values.items({0, SIZE_MAX})) requirement.values.push_back(item.text());
  const bool wants_values = op == "In" || op == "NotIn";
  if (wants_values == requirement.values.empty()) {
    values.error(ProblemClass::kInvalid,
                 wants_values ? "values for In and NotIn" : "no values for Exists and DoesNotExist");
  }
  return requirement;
}

std::vector<LabelRequirement> read_selector(Value value) {
  Fields fields(std::move(value));
  std::vector<LabelRequirement> selector;
  for (const auto& [key, wanted] : fields.get("matchLabels").labels()) {
    selector.push_back({key, LabelRequirement::Operator::kIn, {wanted}});
  }
  for (const Value& item : fields.items("matchExpressions", {0, SIZE_MAX})) selector.push_back(read_requirement(item));
  return selector;
}

void read_allowed_routes(Value value, Listener& listener) {
  Fields fields(std::move(value));
  Fields namespaces(fields.get("namespaces"));
  std::string from = namespaces.get("from").word({"All", "Selector", "Same"}, "Same");
  listener.from = from == "All"        ? Listener::From::kAll
                  : from == "Selector" ? Listener::From::kSelector
                                       : Listener::From::kSame;
  Value selector = namespaces.get("selector");
  if (selector.present() && from != "Selector") {
    selector.error(ProblemClass::kInvalid, fmt::format("no selector with from {}", from));
  } else if (!selector.present() && from == "Selector") {
    selector.error_text(ProblemClass::kRequired,
                        "required value missing: got nothing; need a selector with from Selector ({} selects all)");
  }
  listener.selector = read_selector(selector);
  for (const Value& item : fields.items("kinds", {0, 8})) {
    Fields kind(item);
    Listener::RouteKind route_kind;
    route_kind.group = kind.get("group").text(kGroup, "gateway.networking.k8s.io");
    route_kind.kind = kind.text("kind", kKindName, Need::kRequired);
    listener.kinds.push_back(std::move(route_kind));
  }
}

ObjectRef read_certificate(const Value& value) {
  Fields fields(value);
  ObjectRef ref;
  ref.at = value.at();
  ref.group = fields.text("group", kGroup);
  ref.kind = fields.get("kind").text(kKindName, "Secret");
  ref.name = fields.text("name", kDnsName, Need::kRequired);
  ref.namespace_name = fields.text("namespace", kDnsLabel);
  return ref;
}

void read_tls(const Value& value, Listener& listener) {
  Fields tls(value);
  std::string mode = tls.get("mode").word({"Terminate", "Passthrough"}, "Terminate");
  Value certificates = tls.get("certificateRefs");
  for (const Value& item : certificates.items({0, 64})) listener.certificates.push_back(read_certificate(item));
  bool nothing = tls.get("options").labels().empty() && (!certificates.present() || certificates.node()->list.empty());
  if (listener.protocol == "HTTP" || listener.protocol == "TCP" || listener.protocol == "UDP") {
    value.error(ProblemClass::kInvalid, fmt::format("no tls on a listener with protocol {}", listener.protocol));
  } else if (listener.protocol == "HTTPS" && mode == "Passthrough") {
    tls.get("mode").error(ProblemClass::kInvalid, "Terminate on a listener with protocol HTTPS");
  } else if (mode == "Terminate" && nothing) {
    certificates.error_text(ProblemClass::kRequired,
                            "required value missing: got nothing; need a certificate for mode Terminate");
  }
}

Listener read_listener(const Value& value) {
  Fields fields(value);
  Listener listener;
  listener.at = value.at();
  listener.name = fields.text("name", kDnsName, Need::kRequired);
  listener.port = static_cast<uint16_t>(fields.integer("port", kPort, Need::kRequired).value_or(0));
  listener.protocol = fields.text("protocol", {is_protocol, kProtocols, 255}, Need::kRequired);
  Value hostname = fields.get("hostname");
  listener.hostname = hostname.present() && hostname.shown() == "\"\"" ? "" : hostname.text(kHostname);
  if (!listener.hostname.empty() && (listener.protocol == "TCP" || listener.protocol == "UDP")) {
    hostname.error(ProblemClass::kInvalid,
                   fmt::format("no hostname on a listener with protocol {}", listener.protocol));
  }
  Value tls = fields.get("tls");
  if (tls.present()) read_tls(tls, listener);
  read_allowed_routes(fields.get("allowedRoutes"), listener);
  return listener;
}

std::vector<Listener> read_listeners(Fields& spec) {
  std::vector<Listener> listeners;
  Seen names, sockets;
  for (const Value& item : spec.items("listeners", {1, 64}, Need::kRequired)) {
    Listener listener = read_listener(item);
    if (!listener.name.empty()) names.check(item, listener.name, "a name of its own for each listener");
    if (listener.port != 0) {
      sockets.check(item, fmt::format("{}/{}/{}", listener.port, listener.protocol, listener.hostname),
                    "port, protocol and hostname to differ from every other listener");
    }
    listeners.push_back(std::move(listener));
  }
  return listeners;
}

Gateway::Address read_address(const Value& value) {
  Fields fields(value);
  Gateway::Address address;
  address.type = fields.get("type").text(kNotEmpty, "IPAddress");
  // A missing value asks for any address of the type, which is what a Gateway without addresses gets.
  address.value = fields.text("value", address.type == "IPAddress" ? TextRule{is_ip, "an IP address"} : kNotEmpty);
  return address;
}

} // namespace

Gateway read_gateway(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  Gateway gateway;
  gateway.class_name = spec.text("gatewayClassName", kNotEmpty, Need::kRequired);
  gateway.listeners = read_listeners(spec);
  Seen addresses;
  for (const Value& item : spec.items("addresses", {0, 16})) {
    gateway.addresses.push_back(read_address(item));
    const Gateway::Address& address = gateway.addresses.back();
    addresses.check(item, address.type + " " + address.value, "each address once");
  }
  spec.ignore({"infrastructure", "allowedListeners", "defaultScope"});
  spec.protect(kTlsProtections, Fields::Off::kNone);
  return gateway;
}

} // namespace kgw::config
