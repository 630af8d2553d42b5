#pragma once
// A cluster with endpoints that lead nowhere, a plan, and a clock: all that the machine needs.

#include "exchange/machine.h"

namespace kgw::exchange {

struct Fixture {
  explicit Fixture(uint32_t on, uint32_t retries = 3, uint64_t seed = 7) : random(seed) {
    policy.on = on;
    policy.retries = retries;
    cluster::EndpointSet set(2);
    set[0].text = "127.0.0.1:1";
    set[1].text = "127.0.0.1:2";
    view.update(set);
    plan = {.retry = &policy, .cluster = &view, .global = base::seconds(15), .replay_limit = 1 << 20};
  }
  void open() {
    ledger.open(now);
    machine.open(plan, random, ledger, now);
  }
  // Moves to the machine's deadline and lets it act.
  Step to_deadline() {
    now = machine.deadline();
    return machine.timeout(now);
  }
  retry::ResponseFacts facts(uint16_t status, bool end = true) { return retry::examine_status(status, end, policy); }

  std::shared_ptr<cluster::Runtime> runtime = std::make_shared<cluster::Runtime>("test", 1);
  cluster::View view{runtime, 0};
  retry::Policy policy;
  Plan plan;
  base::Random random;
  Ledger ledger;
  Machine machine;
  Instant now{base::seconds(1000)};
};

} // namespace kgw::exchange
