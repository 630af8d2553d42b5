#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {

ReferenceGrant read_reference_grant(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  ReferenceGrant grant;
  for (const Value& item : spec.items("from", {1, 16}, Need::kRequired)) {
    Fields fields(item);
    ReferenceGrant::From from;
    from.group = fields.text("group", kGroup, Need::kRequired);
    from.kind = fields.text("kind", kKindName, Need::kRequired);
    from.namespace_name = fields.text("namespace", kDnsLabel, Need::kRequired);
    grant.from.push_back(std::move(from));
  }
  for (const Value& item : spec.items("to", {1, 16}, Need::kRequired)) {
    Fields fields(item);
    ReferenceGrant::To to;
    to.group = fields.text("group", kGroup, Need::kRequired);
    to.kind = fields.text("kind", kKindName, Need::kRequired);
    to.name = fields.text("name", kDnsName);
    grant.to.push_back(std::move(to));
  }
  return grant;
}

} // namespace kgw::config
