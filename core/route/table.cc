#include "route/table.h"

#include <algorithm>
#include <tuple>

#include "route/impl.h"

namespace kgw::route {
namespace {

const MatchSpec kEverything;

void place(CompiledListener& listener, const RuleSpec& rule, const Candidate& candidate) {
  for (const std::string& hostname : rule.hostnames) {
    auto next = static_cast<int32_t>(listener.hosts.size());
    int32_t at = listener.index.insert(hostname, next);
    if (at == next) listener.hosts.push_back({hostname, {}});
    auto& candidates = listener.hosts[static_cast<size_t>(at)].candidates;
    if (candidates.empty() || candidates.back() != &candidate) candidates.push_back(&candidate);
  }
}

base::Result<void> compile_rule(std::deque<Candidate>& store, CompiledListener& listener, const RuleSpec& rule) {
  auto add = [&](const MatchSpec& match, uint32_t index) -> base::Result<void> {
    auto candidate = compile_candidate(rule, match, index);
    if (!candidate) return base::fail(candidate.error().code, rule.name + ": " + candidate.error().text);
    store.push_back(std::move(*candidate));
    place(listener, rule, store.back());
    return {};
  };
  if (rule.matches.empty()) return add(kEverything, 0);
  for (uint32_t i = 0; i < rule.matches.size(); ++i) {
    if (auto done = add(rule.matches[i], i); !done) return done;
  }
  return {};
}

} // namespace

bool more_specific(std::string_view a, std::string_view b) {
  auto key = [](std::string_view host) {
    int rank = host.empty() ? 2 : host.starts_with("*.") ? 1 : 0;
    return std::make_tuple(rank, rank == 1 ? -static_cast<int64_t>(host.size()) : 0, host);
  };
  return key(a) < key(b);
}

Table::Table() : impl_(std::make_unique<Impl>()) {}
Table::~Table() = default;

base::Result<std::shared_ptr<const Table>> Table::compile(std::vector<ListenerSpec> listeners) {
  std::shared_ptr<Table> table(new Table);
  Impl& impl = *table->impl_;
  impl.specs = std::move(listeners);
  impl.listeners.resize(impl.specs.size());
  for (size_t i = 0; i < impl.specs.size(); ++i) {
    impl.index.insert(impl.specs[i].hostname, static_cast<int32_t>(i));
    for (const RuleSpec& rule : impl.specs[i].rules) {
      if (auto done = compile_rule(impl.candidates, impl.listeners[i], rule); !done)
        return std::unexpected(done.error());
    }
    for (VirtualHost& host : impl.listeners[i].hosts) {
      std::ranges::sort(host.candidates, [](const Candidate* a, const Candidate* b) { return precedes(*a, *b); });
    }
  }
  return table;
}

Match Table::find(const Request& request) const {
  Match match;
  match.listener = impl_->index.find(request.host);
  if (match.listener < 0) return match;
  const CompiledListener& listener = impl_->listeners[static_cast<size_t>(match.listener)];
  int32_t host = listener.index.find(request.host);
  if (host < 0) return match;
  for (const Candidate* candidate : listener.hosts[static_cast<size_t>(host)].candidates) {
    if (judge(*candidate, request).misfit != Misfit::kNone) continue;
    match.rule = candidate->rule;
    match.match = candidate->match;
    match.action = candidate->rule->action;
    break;
  }
  return match;
}

const std::vector<ListenerSpec>& Table::listeners() const { return impl_->specs; }

} // namespace kgw::route
