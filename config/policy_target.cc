#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

constexpr size_t kMostTargets = 16;

std::string name_of(const TargetKind& kind) {
  return fmt::format("{}{}{}", kind.group, kind.group.empty() ? "" : "/", kind.kind);
}

void check_kind(const Value& value, const ObjectRef& ref, std::span<const TargetKind> allowed) {
  if (allowed.empty()) return;
  bool known = std::ranges::any_of(
      allowed, [&](const TargetKind& item) { return item.group == ref.group && item.kind == ref.kind; });
  if (known) return;
  std::vector<std::string> names;
  for (const TargetKind& item : allowed) names.push_back(name_of(item));
  value.error_text(ProblemClass::kUnsupportedValue,
                   problem_text(ProblemClass::kUnsupportedValue, in_quotes(name_of({ref.group, ref.kind})),
                                fmt::format("one of {}", fmt::join(names, ", "))));
}

PolicyTarget read_kind(Fields& fields, const TargetRules& rules) {
  PolicyTarget target;
  target.at = fields.self().at();
  target.path = fields.self().path();
  Value group = fields.get("group", Need::kRequired), kind = fields.get("kind", Need::kRequired);
  target.group = group.text(kGroup);
  target.kind = kind.text(kKindName);
  if (group.present() && kind.present()) check_kind(kind, target, rules.kinds);
  if (rules.sections) target.section_name = fields.text("sectionName", kDnsName);
  return target;
}

} // namespace

std::vector<PolicyTarget> read_policy_targets(Fields& spec, const TargetRules& rules) {
  std::vector<PolicyTarget> targets;
  Seen seen;
  Value refs = spec.get("targetRefs", rules.need);
  for (const Value& item : refs.items({1, kMostTargets})) {
    Fields fields(item);
    PolicyTarget target = read_kind(fields, rules);
    target.name = fields.text("name", kDnsName, Need::kRequired);
    if (!target.name.empty())
      seen.check(item, fmt::format("{} {} {}", name_of({target.group, target.kind}), target.name, target.section_name),
                 "each target once");
    targets.push_back(std::move(target));
  }
  if (!rules.selectors) return targets;
  for (const Value& item : spec.items("targetSelectors", {0, SIZE_MAX})) {
    Fields fields(item);
    PolicyTarget target = read_kind(fields, rules);
    target.labels = fields.get("matchLabels", Need::kRequired).labels();
    targets.push_back(std::move(target));
  }
  return targets;
}

} // namespace kgw::config
