#pragma once
// Reading a document field by field. A kind's file asks for each field it knows, with the rule the field must hold;
// everything wrong is reported with its position, and what nobody asked for is an unknown field. Getters never fail:
// where a value is missing or bad they return the fallback, and the report keeps the object from being used.

#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/durations.h"
#include "config/objects.h"

namespace kgw::config {

// The problems of one document.
struct Report {
  std::string file;
  FieldValidation validation = FieldValidation::kStrict;
  bool snake_case = false; // field names may be written with underscores here
  std::vector<Diagnostic> problems{};
  std::vector<std::string> pruned{};
  bool protection = false;
  bool failed = false; // an error is among them

  void add(Severity severity, ProblemClass problem_class, Position at, std::string path, std::string text);
};

// CLASS: got VALUE; need RULE (hint).
std::string problem_text(ProblemClass problem_class, std::string_view got, std::string_view need,
                         std::string_view hint = {});
std::string in_quotes(std::string_view text); // in quotes, controls escaped, long text cut

// What a text must look like.
struct TextRule {
  bool (*holds)(std::string_view) = nullptr; // none: any text
  const char* need = "a text";
  size_t most = SIZE_MAX; // characters
};

struct Bounds {
  int64_t least, most;
};
struct Count {
  size_t least, most;
};
enum class Need : uint8_t { kOptional, kRequired };

// One value and where it stands; absent values take every question and answer with the fallback.
class Value {
 public:
  Value(Report& report, const Node* node, std::string path, std::string pointer, Position parent)
      : report_(&report), node_(node), path_(std::move(path)), pointer_(std::move(pointer)), parent_(parent) {}

  bool present() const { return node_ != nullptr; }
  Position at() const { return node_ != nullptr ? node_->at : parent_; }
  Spot spot() const { return {path_, at()}; }
  const Node* node() const { return node_; }
  const std::string& path() const { return path_; }
  Report& report() const { return *report_; }

  std::string text(const TextRule& rule = {}, std::string fallback = {}) const;
  std::optional<int64_t> integer(Bounds bounds) const;
  std::optional<double> number(Bounds bounds) const; // an integer or a decimal fraction
  std::optional<bool> boolean() const;
  std::string word(std::span<const std::string_view> allowed, std::string fallback = {}) const;
  std::string word(std::initializer_list<std::string_view> allowed, std::string fallback = {}) const {
    return word(std::span(allowed.begin(), allowed.size()), std::move(fallback));
  }
  std::optional<Duration> duration(DurationGrammar grammar, Duration least = Duration::zero()) const;
  std::vector<Value> items(Count count) const;
  Labels labels() const;

  // "got" is this value as it was written.
  void error(ProblemClass problem_class, std::string_view need, std::string_view hint = {}) const;
  void error_text(ProblemClass problem_class, std::string text) const;
  void warn(std::string text) const;
  std::string shown() const;

 private:
  friend class Fields;
  bool is(Node::Kind kind, std::string_view need) const;
  Report* report_;
  const Node* node_;
  std::string path_, pointer_;
  Position parent_;
};

// The fields of one object. Ends with the unknown ones: keep it alive until all fields were asked for.
class Fields {
 public:
  explicit Fields(Value value);
  ~Fields();
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;

  bool present() const { return value_.present(); }
  const Value& self() const { return value_; }
  Report& report() const { return value_.report(); }
  Value get(std::string_view key, Need need = Need::kOptional);

  std::string text(std::string_view key, const TextRule& rule = {}, Need need = Need::kOptional) {
    return get(key, need).text(rule);
  }
  std::optional<int64_t> integer(std::string_view key, Bounds bounds, Need need = Need::kOptional) {
    return get(key, need).integer(bounds);
  }
  std::vector<Value> items(std::string_view key, Count count, Need need = Need::kOptional) {
    return get(key, need).items(count);
  }

  // Which of `keys` is there. Anything but one of them is an error and nothing.
  std::string_view exactly_one(std::initializer_list<std::string_view> keys);

  void ignore(std::initializer_list<std::string_view> keys); // accepted, without effect here
  void ignore_rest() { seen_.assign(seen_.size(), true); }   // whatever else there is
  void later(std::initializer_list<std::string_view> keys);  // not supported yet
  void refuse(std::initializer_list<std::string_view> keys); // not supported
  // As refuse, and leaving it out would weaken security. `off`: the form that asks for nothing.
  enum class Off : uint8_t { kNone, kTrue, kEmptyObject };
  void protect(std::span<const std::string_view> keys, Off off);

 private:
  const Node* find(std::string_view key);
  void report_unknown(size_t index) const;
  void not_supported(std::string_view key, const char* text);

  Value value_;
  std::vector<std::string_view> known_;
  std::vector<bool> seen_; // by index of the node's map
};

// Equal keys in a list whose items must differ.
class Seen {
 public:
  // Reports `value` when `key` was here before.
  void check(const Value& value, const std::string& key, std::string_view need);

 private:
  std::set<std::string> keys_;
};

// The options that protect, of a RouteOption and of a TrafficPolicy.
inline constexpr std::string_view kOptionProtections[] = {"extauth",
                                                          "jwt",
                                                          "jwtStaged",
                                                          "jwtProvidersStaged",
                                                          "rbac",
                                                          "waf",
                                                          "dlp",
                                                          "csrf",
                                                          "ratelimitBasic",
                                                          "ratelimit",
                                                          "ratelimitEarly",
                                                          "ratelimitRegular",
                                                          "rateLimitConfigs",
                                                          "rateLimitEarlyConfigs",
                                                          "rateLimitRegularConfigs"};
inline constexpr std::string_view kTrafficProtections[] = {"extAuth", "jwtAuth",   "rbac",       "rateLimit", "csrf",
                                                           "acl",     "basicAuth", "apiKeyAuth", "oauth2"};
inline constexpr std::string_view kTlsProtections[] = {"tls"}; // of a Gateway and of a BackendConfigPolicy

inline constexpr const char* kNotYetText = "not supported yet by kgwcore (accepted by kgateway)";

} // namespace kgw::config
