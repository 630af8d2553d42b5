#include "worker/tape.h"

#include <fmt/format.h>

namespace kgw::test {

using exchange::Event;

void Tape::record(gateway::Worker& worker) {
  worker.context().trace = add;
  worker.context().trace_context = this;
}

void Tape::add(void* self, const exchange::Traced& traced) {
  auto& tape = *static_cast<Tape*>(self);
  Entry& entry = tape.entries_.emplace_back(Entry{.traced = traced});
  entry.text = traced.event.failure.transport_text;
  entry.hosts = traced.plan->cluster->host_count();
  entry.max_retries = traced.plan->cluster->runtime().max_retries();
  if (traced.event.kind == Event::Kind::kHead) {
    entry.plan = *traced.plan;
    entry.policy = *traced.plan->retry;
    if (traced.plan->faults != nullptr) entry.faults = *traced.plan->faults;
  }
  if ((traced.step.acts & exchange::kDone) != 0) entry.ledger = *traced.ledger;
  if (traced.event.kind == Event::Kind::kTimeout && (traced.step.acts & exchange::kStart) != 0) ++tape.retries_;
}

std::string Tape::replay() const {
  auto runtime = std::make_shared<cluster::Runtime>("replay", 1u);
  cluster::View view(runtime, 0);
  base::Random random(0);
  std::map<const void*, std::unique_ptr<Fresh>> open;
  for (const Entry& entry : entries_) {
    const exchange::Traced& traced = entry.traced;
    runtime->set_limits({.max_retries = entry.max_retries});
    if (view.host_count() != entry.hosts) {
      cluster::EndpointSet hosts(entry.hosts);
      for (size_t i = 0; i < hosts.size(); ++i) hosts[i].text = std::to_string(i);
      view.update(hosts);
    }
    random = traced.random;
    auto& fresh = open[traced.exchange];
    if (traced.event.kind == Event::Kind::kHead) {
      fresh = std::make_unique<Fresh>(
          Fresh{.plan = entry.plan, .policy = entry.policy, .faults = entry.faults, .machine = {}, .ledger = {}});
      fresh->plan.retry = &fresh->policy;
      if (entry.plan.faults != nullptr) fresh->plan.faults = &fresh->faults;
      fresh->plan.cluster = &view;
      fresh->ledger.open(traced.at);
      fresh->machine.open(fresh->plan, random, fresh->ledger, traced.at);
    }
    Event event = traced.event;
    event.failure.transport_text = entry.text;
    exchange::Step step = exchange::feed(fresh->machine, event, traced.at);
    if ((step.acts & exchange::kStart) != 0) fresh->hosts.emplace_back(fresh->machine.start().endpoint);
    if (std::string found = difference(entry, step, *fresh); !found.empty()) {
      return fmt::format("event {} of {}: {}", &entry - &entries_.front(), entries_.size(), found);
    }
    if ((step.acts & exchange::kDone) != 0) open.erase(traced.exchange);
  }
  return open.empty() ? "" : fmt::format("{} exchanges did not end", open.size());
}

std::string Tape::difference(const Entry& entry, exchange::Step step, const Fresh& fresh) {
  const exchange::Step& live = entry.traced.step;
  if (step != live) {
    return fmt::format("live acts {:#x} reset {:#x} slot {}, replayed {:#x} {:#x} {}", live.acts, live.reset, live.slot,
                       step.acts, step.reset, step.slot);
  }
  if (fresh.machine.deadline() != entry.traced.deadline) return "another deadline";
  if ((step.acts & exchange::kDone) == 0) return {};
  const exchange::Ledger& was = entry.ledger;
  const exchange::Ledger& is = fresh.ledger;
  if (was.attempts != is.attempts || was.status != is.status || was.flags.text() != is.flags.text() ||
      was.details.view() != is.details.view() || was.outcome != is.outcome || was.ended != is.ended) {
    return fmt::format("live ledger {} {} {}, replayed {} {} {}", was.status, was.flags.text(), was.details.view(),
                       is.status, is.flags.text(), is.details.view());
  }
  for (uint32_t number = 1; number <= is.attempts; ++number) {
    if (!is.kept(number)) continue;
    const exchange::AttemptRecord& a = was.at(number);
    const exchange::AttemptRecord& b = is.at(number);
    if (a.decision != b.decision || a.delay != b.delay || a.start != b.start || a.ended != b.ended ||
        a.status != b.status) {
      return fmt::format("attempt {} differs", number);
    }
  }
  return {};
}

} // namespace kgw::test
