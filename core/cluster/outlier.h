#pragma once
// Who is ejected and for how long, by Envoy's rules. One per cluster, on the worker that keeps its health; the verdicts
// reach the others through the endpoints' flags.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>

#include "cluster/endpoint.h"
#include "cluster/policy.h"
#include "cluster/runtime.h"

namespace kgw::cluster {

class OutlierDetector {
 public:
  // Counts in `stats`.
  OutlierDetector(Runtime& runtime, Stats& stats) : runtime_(runtime), stats_(stats) {}
  ~OutlierDetector(); // everybody may come back
  OutlierDetector(const OutlierDetector&) = delete;
  OutlierDetector& operator=(const OutlierDetector&) = delete;

  void configure(const OutlierDetection& rules) { rules_ = rules; }
  void follow(const EndpointSet& endpoints);
  // As many failures in a row as the rules allow. Ejects, unless too many are ejected already.
  void suspect(Health& health, Alarm alarm, Instant now);
  // Due every rules.interval: ends the ejections whose time is over, and forgets one of each endpoint that has stayed
  // good.
  void tick(Instant now);
  // An active check has passed.
  void passed_check(Health& health, Instant now);

 private:
  struct Member {
    std::shared_ptr<Health> health;
    uint32_t times = 0; // ejected, less the ones forgotten: the next ejection is that much longer
    Instant ejected{}, readmitted{};
  };
  static bool is_ejected(const Member& member) { return (member.health->flags() & Health::kEjected) != 0; }
  bool may_eject() const;
  void eject(Member& member, Instant now);
  void readmit(Member& member, Instant now);
  Duration longest() const { return std::max(rules_.max_ejection_time, rules_.base_ejection_time); }

  Runtime& runtime_;
  Stats& stats_;
  OutlierDetection rules_;
  std::map<const Health*, Member> members_;
};

} // namespace kgw::cluster
