#include "cluster/outlier.h"

#include <algorithm>

namespace kgw::cluster {

OutlierDetector::~OutlierDetector() {
  for (auto& [health, member] : members_) member.health->clear(Health::kEjected);
  runtime_.health_changed();
}

void OutlierDetector::follow(const EndpointSet& endpoints) {
  std::map<const Health*, Member> next;
  for (const Endpoint& endpoint : endpoints) {
    auto known = members_.find(endpoint.health.get());
    next.emplace(endpoint.health.get(), known != members_.end() ? known->second : Member{.health = endpoint.health});
  }
  members_ = std::move(next);
}

void OutlierDetector::suspect(Health& health, Alarm alarm, Instant now) {
  auto found = members_.find(&health);
  if (found == members_.end() || is_ejected(found->second)) return; // it left, or another worker was first
  bool by_5xx = alarm == Alarm::kConsecutive5xx;
  (by_5xx ? stats_.outlier_detection_ejections_detected_consecutive_5xx
          : stats_.outlier_detection_ejections_detected_consecutive_gateway_failure)
      .add();
  bool enforced = by_5xx || rules_.enforce_gateway_failure;
  if (may_eject() && enforced) {
    stats_.outlier_detection_ejections_enforced_total.add();
    (by_5xx ? stats_.outlier_detection_ejections_enforced_consecutive_5xx
            : stats_.outlier_detection_ejections_enforced_consecutive_gateway_failure)
        .add();
    eject(found->second, now);
  } else if (!may_eject()) { // Envoy counts what would not have been enforced too
    stats_.outlier_detection_ejections_overflow.add();
  }
  health.forgive(alarm); // the next as many count anew
}

bool OutlierDetector::may_eject() const {
  auto ejected = static_cast<uint64_t>(
      std::count_if(members_.begin(), members_.end(), [](const auto& each) { return is_ejected(each.second); }));
  if (rules_.always_eject_one && ejected == 0) return true;
  return (ejected + 1) * 100 <= std::min(rules_.max_ejection_percent, 100u) * members_.size();
}

void OutlierDetector::eject(Member& member, Instant now) {
  member.ejected = now;
  if (member.times * rules_.base_ejection_time < longest() + rules_.base_ejection_time) ++member.times;
  member.health->set(Health::kEjected);
  runtime_.health_changed();
}

void OutlierDetector::readmit(Member& member, Instant now) {
  member.readmitted = now;
  member.health->forgive();
  member.health->clear(Health::kEjected);
  runtime_.health_changed();
}

void OutlierDetector::tick(Instant now) {
  for (auto& [health, member] : members_) {
    if (is_ejected(member)) {
      if (now - member.ejected >= std::min(member.times * rules_.base_ejection_time, longest())) readmit(member, now);
    } else if (member.times > 0 && now - member.readmitted >= rules_.interval) {
      --member.times;
    }
  }
}

void OutlierDetector::passed_check(Health& health, Instant now) {
  auto found = members_.find(&health);
  if (found != members_.end() && is_ejected(found->second)) readmit(found->second, now);
}

} // namespace kgw::cluster
