#pragma once
// One match of one rule, compiled: what it demands of a request and where it stands in the order of precedence.

#include <optional>
#include <vector>

#include "base/result.h"
#include "route/regex.h"
#include "route/table.h"

namespace kgw::route {

struct Condition {
  const ValueMatch* spec = nullptr;
  std::optional<Regex> regex;
};

struct Candidate {
  const RuleSpec* rule = nullptr;
  const MatchSpec* match = nullptr;
  uint32_t match_index = 0;
  std::string_view path; // a prefix stands without its trailing slash: "/a/" and "/a" cover the same paths
  std::optional<Regex> path_regex;
  std::vector<Condition> headers, query;
};

// The first demand that a request does not meet.
enum class Misfit : uint8_t { kNone, kPath, kMethod, kHeader, kQuery };
struct Verdict {
  Misfit misfit = Misfit::kNone;
  const ValueMatch* condition = nullptr; // kHeader, kQuery
};

// Fails with kInvalid for a regular expression that RE2 refuses. Keeps pointers to both specs.
base::Result<Candidate> compile_candidate(const RuleSpec& rule, const MatchSpec& match, uint32_t match_index);
// Whether `a` is tried before `b`. A strict total order over the candidates of one virtual host.
bool precedes(const Candidate& a, const Candidate& b);
// Allocation-free.
Verdict judge(const Candidate& candidate, const Request& request);

} // namespace kgw::route
