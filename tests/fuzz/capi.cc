// A byte string as a sequence of calls on the public header. Every call has a defined answer, whatever came before;
// every "new" object has one owner here, who frees it; at the end no descriptor is left, and the leak checker finds
// nothing.

#include <kgwcore/kgwcore.h>

#include <array>
#include <filesystem>
#include <iterator>
#include <string>

#include "fuzz/require.h"

using kgw::fuzz::text_of;

namespace {

constexpr const char* kDocuments[] = {
    "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g}\n"
    "spec: {gatewayClassName: kgateway, listeners: [{name: http, port: 8080, protocol: HTTP}]}\n",
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: r}\n"
    "spec: {parentRefs: [{name: g}], rules: [{backendRefs: [{name: s, port: 80}]}]}\n",
    "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n",
    "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: broken}\nspec: {rule: []}\n",
    "a: [",
    ""};
constexpr const char* kKinds[] = {"gateway",  "HTTPRoute", "svc", "httproutes.gateway.networking.k8s.io",
                                  "nonsense", ""};
constexpr const char* kNames[] = {"g", "r", "s", "broken", "none", ""};

// One owner for each kind of object; a new one frees the one before.
template <typename T, void (*free_it)(T*)> class Slot {
 public:
  Slot() = default;
  Slot(const Slot&) = delete;
  ~Slot() { free_it(object_); }
  T** fresh() {
    free_it(object_);
    object_ = nullptr;
    return &object_;
  }
  T* get() const { return object_; }
  operator T*() const { return object_; }

 private:
  T* object_ = nullptr;
};

// Reads what was handed out, so that a sanitizer sees a text that has died.
size_t touched = 0;
void touch(kgw_str text) {
  for (size_t i = 0; i < text.size; ++i) touched += static_cast<unsigned char>(text.data[i]);
}
template <typename Row> Row row() {
  Row row{};
  row.struct_size = sizeof row;
  return row;
}

class Session {
 public:
  explicit Session(std::string_view script) : script_(script) {}
  void run() {
    while (!script_.empty()) call(next());
  }

 private:
  unsigned next() {
    if (script_.empty()) return 0;
    auto byte = static_cast<unsigned char>(script_[0]);
    script_.remove_prefix(1);
    return byte;
  }
  kgw_str text(const char* const* choices, size_t count) {
    unsigned choice = next();
    if (choice % 8 < count) return kgw_cstr(choices[choice % 8]);
    std::string_view raw = script_.substr(0, choice / 8); // up to 31 bytes of the script itself
    script_.remove_prefix(raw.size());
    return {raw.data(), raw.size()};
  }
  kgw_str document() { return text(kDocuments, std::size(kDocuments)); }
  kgw_str kind() { return text(kKinds, std::size(kKinds)); }
  kgw_str name() { return text(kNames, std::size(kNames)); }
  kgw_error** error() { return next() % 2 == 0 ? nullptr : error_.fresh(); }
  kgw_gateway* gateway() { return gateways_[next() % gateways_.size()]; }

  // A status is one of the header's, and says the same as the error object.
  void answered(kgw_status status) {
    REQUIRE(std::string_view(kgw_status_name(status)) != "unknown");
    REQUIRE(status != KGW_STATUS_INTERNAL);
    if (!error_) return;
    touch(kgw_error_message(error_));
    REQUIRE(kgw_error_code(error_) != KGW_STATUS_OK);
    diagnostics(kgw_error_diagnostics(error_));
  }

  static void diagnostics(const kgw_diagnostics* list) {
    auto one = row<kgw_diagnostic>();
    for (size_t i = 0; i < kgw_diagnostics_count(list); ++i) {
      REQUIRE(kgw_diagnostics_at(list, i, &one) == KGW_STATUS_OK);
      touch(one.full);
    }
    REQUIRE(kgw_diagnostics_at(list, kgw_diagnostics_count(list), &one) == KGW_STATUS_USAGE);
  }

  void call(unsigned which) {
    switch (which % 20) {
    case 0: return make();
    case 1: return start();
    case 2: return answered(kgw_gateway_stop(gateway(), next() % 2 == 0 ? 0 : 5, error()));
    case 3: gateways_[next() % gateways_.size()].fresh(); return;
    case 4: return apply();
    case 5: *batch_.fresh() = kgw_batch_new(); return;
    case 6: {
      kgw_str doc = document();
      return answered(kgw_batch_add(batch_, kgw_cstr("f"), doc));
    }
    case 7: return apply_batch();
    case 8: {
      kgw_str k = kind(), n = name();
      return answered(kgw_gateway_delete(gateway(), k, kgw_cstr("default"), n, error()));
    }
    case 9: {
      kgw_str k = kind(), n = name();
      answered(kgw_gateway_get(gateway(), k, kgw_cstr(next() % 2 == 0 ? "" : "default"), n, json_.fresh(), error()));
      return touch(kgw_text_view(json_));
    }
    case 10: return validate();
    case 11: return attempts();
    case 12: return stats();
    case 13: return routes();
    case 14: return listeners();
    case 15: return settings();
    case 16: return results();
    case 17: error_.fresh(); return;
    case 18: results_.fresh(); return;
    default: batch_.fresh(); return;
    }
  }

  void make() {
    // A newer caller's struct, whose size may be any byte: what is behind ours is read as well.
    struct {
      kgw_gateway_options options;
      unsigned char later[256 - sizeof(kgw_gateway_options)];
    } room{};
    kgw_gateway_options& options = room.options;
    kgw_gateway_options_init(&options, sizeof options);
    static const kgw_str listen = kgw_cstr("http=127.0.0.1:0");
    options.listen = &listen;
    options.listen_count = 1;
    unsigned bits = next();
    options.edge = bits & 1;
    options.keep_going = bits >> 1 & 1;
    options.concurrency = bits >> 2 & 3; // 0 is refused
    if ((bits & 16) != 0) options.admin_address = kgw_cstr("127.0.0.1:0");
    kgw_str setting = kgw_cstr("request_header_count=50");
    if ((bits & 32) != 0) options.settings = &setting, options.settings_count = 1;
    if ((bits & 64) != 0) setting = kgw_cstr("nonsense=1");
    if ((bits & 128) != 0) options.struct_size = next(), room.later[0] = next() & 1;
    kgw_gateway** slot = gateways_[next() % gateways_.size()].fresh();
    kgw_status status = kgw_gateway_new(&options, slot, error());
    REQUIRE((status == KGW_STATUS_OK) == (*slot != nullptr));
    answered(status);
  }
  // Threads are slow to start; two will do.
  void start() {
    if (++starts_ <= 2) answered(kgw_gateway_start(gateway(), error()));
  }
  kgw_apply_options* apply_options() {
    kgw_apply_options_init(&apply_options_, sizeof apply_options_);
    unsigned bits = next();
    apply_options_.flags = bits & 15;
    if ((bits & 16) != 0) apply_options_.namespace_name = kgw_cstr("default");
    return (bits & 32) != 0 ? nullptr : &apply_options_;
  }
  void apply() {
    kgw_str doc = document();
    kgw_apply_options* options = apply_options();
    kgw_results** wanted = next() % 2 == 0 ? nullptr : results_.fresh();
    answered(kgw_gateway_apply(gateway(), doc, options, wanted, error()));
  }
  void apply_batch() {
    kgw_apply_options* options = apply_options();
    kgw_results** wanted = next() % 2 == 0 ? nullptr : results_.fresh();
    answered(kgw_gateway_apply_batch(gateway(), batch_, options, wanted, error()));
  }
  void validate() {
    answered(kgw_validate(batch_, nullptr, kgw_cstr(""), problems_.fresh(), error()));
    diagnostics(problems_);
  }
  void attempts() {
    answered(kgw_gateway_attempts(gateway(), next(), attempts_.fresh(), error()));
    auto record = row<kgw_request_record>();
    REQUIRE(kgw_attempts_at(attempts_, kgw_attempts_count(attempts_), &record) == KGW_STATUS_USAGE);
  }
  void stats() {
    answered(kgw_gateway_stats(gateway(), stats_.fresh(), error()));
    auto stat = row<kgw_stat>();
    for (size_t i = 0; i < kgw_stats_count(stats_); ++i) {
      REQUIRE(kgw_stats_at(stats_, i, &stat) == KGW_STATUS_OK);
      touch(stat.full_name);
    }
    REQUIRE(kgw_stats_at(stats_, kgw_stats_count(stats_), &stat) == KGW_STATUS_USAGE);
  }
  void routes() {
    answered(kgw_gateway_routes(gateway(), routes_.fresh(), error()));
    auto route = row<kgw_route>();
    for (size_t i = 0; i < kgw_routes_count(routes_); ++i) {
      REQUIRE(kgw_routes_at(routes_, i, &route) == KGW_STATUS_OK);
      touch(route.target);
    }
  }
  void listeners() {
    kgw_gateway* of = gateway();
    auto listener = row<kgw_listener>();
    for (size_t i = 0; i < kgw_gateway_listener_count(of); ++i) {
      REQUIRE(kgw_gateway_listener_at(of, i, &listener) == KGW_STATUS_OK);
      touch(listener.address);
    }
    answered(kgw_gateway_admin(of, &listener, error()));
  }
  void settings() {
    auto setting = row<kgw_setting>();
    size_t index = next();
    REQUIRE((kgw_setting_at(index, &setting) == KGW_STATUS_OK) == (index < kgw_setting_count()));
  }
  void results() {
    auto result = row<kgw_result>();
    for (size_t i = 0; i < kgw_results_count(results_); ++i) {
      REQUIRE(kgw_results_at(results_, i, &result) == KGW_STATUS_OK);
      touch(result.resource);
      *problems_.fresh() = kgw_results_problems(results_, i);
      diagnostics(problems_);
    }
    *problems_.fresh() = kgw_results_problems(results_, kgw_results_count(results_));
    REQUIRE(!problems_);
  }

  std::string_view script_;
  int starts_ = 0;
  kgw_apply_options apply_options_{};
  // Declared before the lists, so that the gateways are freed after what was taken from them; `free` in a script does
  // it the other way round.
  std::array<Slot<kgw_gateway, kgw_gateway_free>, 2> gateways_;
  Slot<kgw_error, kgw_error_free> error_;
  Slot<kgw_batch, kgw_batch_free> batch_;
  Slot<kgw_results, kgw_results_free> results_;
  Slot<kgw_text, kgw_text_free> json_;
  Slot<kgw_diagnostics, kgw_diagnostics_free> problems_;
  Slot<kgw_attempts, kgw_attempts_free> attempts_;
  Slot<kgw_stats, kgw_stats_free> stats_;
  Slot<kgw_routes, kgw_routes_free> routes_;
};

size_t open_files() {
  std::filesystem::directory_iterator files("/proc/self/fd");
  return static_cast<size_t>(std::distance(begin(files), end(files)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 256) return 0;
  size_t before = open_files();
  Session(text_of(data, size)).run();
  REQUIRE(open_files() == before);
  return 0;
}
