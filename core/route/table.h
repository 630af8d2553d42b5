#pragma once
// The route table of one socket: which rule takes a request. Gateway API precedence, exactly; compiled once per
// snapshot.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/head.h"

namespace kgw::route {

enum class PathKind : uint8_t { kExact, kPrefix, kRegex };

struct ValueMatch {
  std::string name; // header: lower case; query: as written
  std::string value;
  bool regex = false; // RE2, the whole value
  bool operator==(const ValueMatch&) const = default;
};

// All parts must hold.
struct MatchSpec {
  PathKind path_kind = PathKind::kPrefix;
  std::string path = "/";
  std::string method; // empty: any
  std::vector<ValueMatch> headers, query;
};

struct RuleSpec {
  std::string name;                   // NAMESPACE/ROUTE/RULE, as logs and the `routes` verb show it
  std::vector<std::string> hostnames; // effective on this listener: "a.b", "*.b", or "" for any host. Lower case
  std::vector<MatchSpec> matches;     // alternatives, each ranked on its own; empty: one that matches everything
  int64_t created_s = 0;              // creation time of the route, Unix seconds: the older route wins a tie
  std::string route_key;              // NAMESPACE/ROUTE: then the alphabet
  uint32_t rule_index = 0;            // then the position in the route
  uint32_t action = 0;                // what the rule does: an index that the caller gives meaning to
};

struct ListenerSpec {
  std::string name;     // NAMESPACE/GATEWAY/LISTENER
  std::string hostname; // "" for any, "a.b", "*.b". Lower case
  std::vector<RuleSpec> rules;
};

struct Request {
  std::string_view host;            // host_of(authority); any case
  std::string_view path;            // normalised, without query
  std::string_view query;           // without "?"
  const http::Head* head = nullptr; // method and header conditions
};

struct Match {
  int32_t listener = -1; // index into the compiled listeners; -1: no listener covers the host
  const RuleSpec* rule = nullptr;
  const MatchSpec* match = nullptr;
  uint32_t action = 0;
  explicit operator bool() const { return rule != nullptr; }
};

// One line of the compiled table, in the order in which candidates are tried.
struct Row {
  std::string listener, hostname, path_kind, path, method, conditions, rule;
  uint32_t action;
};

// Why a candidate did not take a request.
struct Rejection {
  std::string rule, reason;
};

class Table {
 public:
  // Fails with kInvalid for a regular expression that RE2 refuses (callers validated it before, with its position).
  static base::Result<std::shared_ptr<const Table>> compile(std::vector<ListenerSpec> listeners);
  ~Table();

  // Allocation-free. Precedence: the most specific listener hostname that covers the host, and only its routes; the
  // most specific route hostname; exact path, regular expression, longer prefix; has a method; more header conditions;
  // more query conditions; older route; NAMESPACE/ROUTE alphabetically; rule order; match order. When the best hostname
  // has routes but none of their matches fits: no match (each hostname is a virtual host of its own, as in kgateway).
  Match find(const Request& request) const;
  // The same walk with a reason for each candidate that did not fit.
  std::vector<Rejection> explain(const Request& request) const;
  std::vector<Row> rows() const;
  const std::vector<ListenerSpec>& listeners() const;

 private:
  Table();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether RE2 takes the expression; the text says why not. Size capped.
base::Result<void> check_regex(std::string_view expression);

// Hostname rules of the Gateway API, shared with the loader. Arguments are lower case; "" covers everything.
bool hostname_covers(std::string_view pattern, std::string_view host); // "*.b" covers one or more labels before .b
// Intersection of a listener's and a route's hostname; nullopt-like: `ok` false when there is none.
struct Intersection {
  bool ok = false;
  std::string_view hostname;
};
Intersection intersect_hostnames(std::string_view listener, std::string_view route);

} // namespace kgw::route
