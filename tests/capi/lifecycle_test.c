/* What the header promises about lifetimes, NULL, struct sizes and misuse, tried in plain C99. */
#define _POSIX_C_SOURCE 200809L
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kgwcore/kgwcore.h>

static int failures = 0;

static void expect(int good, const char* what, int line) {
  if (good) return;
  fprintf(stderr, "line %d: %s\n", line, what);
  ++failures;
}
#define EXPECT(condition) expect((condition), #condition, __LINE__)

static const char kGateway[] =
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: Gateway\n"
    "metadata: {name: http}\n"
    "spec: {gatewayClassName: kgateway, listeners: [{name: http, port: 8080, protocol: HTTP}]}\n";

static const char kRoute[] = "apiVersion: gateway.networking.k8s.io/v1\n"
                             "kind: HTTPRoute\n"
                             "metadata: {name: route}\n"
                             "spec: {parentRefs: [{name: http}]}\n";

static kgw_gateway* new_gateway(const char* listen) {
  kgw_gateway_options options;
  kgw_gateway* gateway = NULL;
  kgw_str value = kgw_cstr(listen);
  kgw_gateway_options_init(&options, sizeof options);
  options.listen = &value;
  options.listen_count = 1;
  EXPECT(kgw_gateway_new(&options, &gateway, NULL) == KGW_STATUS_OK);
  return gateway;
}

static void test_texts(void) {
  EXPECT(kgw_cstr("abc").size == 3);
  EXPECT(kgw_cstr(NULL).size == 0);
  EXPECT(strcmp(kgw_status_name(KGW_STATUS_CONFIG), "config") == 0);
  EXPECT(strcmp(kgw_status_name(12345), "unknown") == 0);
  EXPECT(strcmp(kgw_version(), KGW_VERSION_TEXT) == 0);
  EXPECT(strstr(kgw_library_versions(), "libevent") != NULL);
  EXPECT(strcmp(kgw_outcome_name(KGW_OUTCOME_CREATED), "created") == 0);
}

static void test_freeing_null(void) {
  kgw_error_free(NULL);
  kgw_diagnostics_free(NULL);
  kgw_gateway_free(NULL);
  kgw_batch_free(NULL);
  kgw_results_free(NULL);
  kgw_text_free(NULL);
  kgw_attempts_free(NULL);
  kgw_stats_free(NULL);
  kgw_routes_free(NULL);
  EXPECT(kgw_diagnostics_count(NULL) == 0);
}

static void test_access_log(void) {
  kgw_gateway_options options;
  kgw_gateway* gateway = NULL;
  kgw_error* error = NULL;
  kgw_str name = kgw_cstr("cookie");
  kgw_gateway_options_init(&options, sizeof options);
  EXPECT(options.access_log.size == 0 && options.access_log_header_count == 0);
  options.access_log_headers = &name;
  options.access_log_header_count = 1;
  EXPECT(kgw_gateway_new(&options, &gateway, NULL) == KGW_STATUS_USAGE);
  options.access_log_header_count = 0;
  options.access_log = kgw_cstr("/no/such/log");
  EXPECT(kgw_gateway_new(&options, &gateway, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_reopen_access_log(gateway, NULL) == KGW_STATUS_STATE);
  EXPECT(kgw_gateway_start(gateway, &error) == KGW_STATUS_IO);
  EXPECT(kgw_error_os_error(error) == 2);
  kgw_error_free(error);
  kgw_gateway_free(gateway);
  EXPECT(kgw_gateway_reopen_access_log(NULL, NULL) == KGW_STATUS_USAGE);
}

static void test_unknown_setting_is_usage(void) {
  kgw_gateway_options options;
  kgw_gateway* gateway = NULL;
  kgw_error* error = NULL;
  kgw_str setting = kgw_cstr("request_head_byte=1");
  kgw_gateway_options_init(&options, sizeof options);
  options.settings = &setting;
  options.settings_count = 1;
  EXPECT(kgw_gateway_new(&options, &gateway, &error) == KGW_STATUS_USAGE);
  EXPECT(gateway == NULL);
  EXPECT(error != NULL && kgw_error_code(error) == KGW_STATUS_USAGE);
  EXPECT(error != NULL && kgw_error_message(error).size > 0);
  kgw_error_free(error);
}

static void test_misuse_is_an_answer(void) {
  kgw_gateway* gateway = new_gateway("http=127.0.0.1:0");
  kgw_error* error = NULL;
  kgw_listener listener;
  kgw_text* json = NULL;
  listener.struct_size = sizeof listener;
  EXPECT(kgw_gateway_start(NULL, NULL) == KGW_STATUS_USAGE);
  EXPECT(kgw_gateway_listener_at(gateway, 99, &listener) == KGW_STATUS_USAGE);
  EXPECT(kgw_gateway_admin(gateway, &listener, NULL) == KGW_STATUS_STATE);
  EXPECT(kgw_gateway_delete(gateway, kgw_cstr("httproute"), kgw_cstr("default"), kgw_cstr("none"), &error) ==
         KGW_STATUS_NOT_FOUND);
  EXPECT(error != NULL);
  kgw_error_free(error);
  EXPECT(kgw_gateway_get(gateway, kgw_cstr("gateway"), kgw_cstr("default"), kgw_cstr("none"), &json, NULL) ==
         KGW_STATUS_NOT_FOUND);
  kgw_gateway_free(gateway);
}

static void test_apply_get_delete(void) {
  kgw_gateway* gateway = new_gateway("http=127.0.0.1:0");
  kgw_results* results = NULL;
  kgw_result result;
  kgw_text* json = NULL;
  result.struct_size = sizeof result;
  EXPECT(kgw_gateway_apply(gateway, kgw_cstr(kGateway), NULL, &results, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_results_count(results) == 1);
  EXPECT(kgw_results_at(results, 0, &result) == KGW_STATUS_OK && result.outcome == KGW_OUTCOME_CREATED);
  kgw_results_free(results);
  EXPECT(kgw_gateway_get(gateway, kgw_cstr("Gateway"), kgw_cstr("default"), kgw_cstr("http"), &json, NULL) ==
         KGW_STATUS_OK);
  EXPECT(json != NULL && kgw_text_view(json).size > 0 && kgw_text_view(json).data[0] == '{');
  kgw_text_free(json);
  EXPECT(kgw_gateway_delete(gateway, kgw_cstr("gateway"), kgw_cstr("default"), kgw_cstr("http"), NULL) ==
         KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(gateway, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(gateway, NULL) == KGW_STATUS_STATE);
  EXPECT(kgw_gateway_stop(gateway, 0, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_stop(gateway, 0, NULL) == KGW_STATUS_OK);
  kgw_gateway_free(gateway);
}

static void test_port_in_use(void) {
  kgw_gateway *first = new_gateway("http=127.0.0.1:0"), *second;
  kgw_listener listener;
  kgw_error* error = NULL;
  char listen[64];
  listener.struct_size = sizeof listener;
  EXPECT(kgw_gateway_apply(first, kgw_cstr(kGateway), NULL, NULL, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(first, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_listener_count(first) == 1);
  EXPECT(kgw_gateway_listener_at(first, 0, &listener) == KGW_STATUS_OK && listener.bound && listener.port != 0);
  sprintf(listen, "http=127.0.0.1:%u", (unsigned)listener.port);
  second = new_gateway(listen);
  EXPECT(kgw_gateway_apply(second, kgw_cstr(kGateway), NULL, NULL, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(second, &error) == KGW_STATUS_ADDRESS_IN_USE);
  EXPECT(error != NULL && kgw_error_os_error(error) != 0);
  kgw_error_free(error);
  kgw_gateway_free(second);
  kgw_gateway_free(first); /* stops it */
}

static void test_validate(void) {
  kgw_batch* batch = kgw_batch_new();
  kgw_diagnostics* problems = NULL;
  kgw_diagnostic problem;
  problem.struct_size = sizeof problem;
  EXPECT(kgw_batch_add(batch, kgw_cstr("x.yaml"), kgw_cstr("kind: Gateway\nmetadata: {name: x}\n")) == KGW_STATUS_OK);
  EXPECT(kgw_validate(batch, NULL, kgw_cstr(""), &problems, NULL) == KGW_STATUS_CONFIG);
  EXPECT(kgw_diagnostics_count(problems) >= 1);
  EXPECT(kgw_diagnostics_at(problems, 0, &problem) == KGW_STATUS_OK && problem.line >= 1);
  EXPECT(problem.full.size > 7 && memcmp(problem.full.data, "x.yaml:", 7) == 0);
  EXPECT(kgw_diagnostics_at(problems, 9999, &problem) == KGW_STATUS_USAGE);
  kgw_diagnostics_free(problems);
  kgw_batch_free(batch);
}

/* Counts what one gateway logs; `stops` is another one that the callback stops. */
struct log_of {
  int records;
  kgw_gateway* stops;
};

static void on_log(int32_t level, kgw_str module, kgw_str message, void* user) {
  struct log_of* log = user;
  (void)level, (void)module, (void)message;
  if (log->records++ == 0 && log->stops != NULL) EXPECT(kgw_gateway_stop(log->stops, 0, NULL) == KGW_STATUS_OK);
}

static kgw_gateway* new_logged(struct log_of* log, int32_t level) {
  kgw_gateway_options options;
  kgw_gateway* gateway = NULL;
  kgw_str listen = kgw_cstr("http=127.0.0.1:0");
  kgw_gateway_options_init(&options, sizeof options);
  options.listen = &listen;
  options.listen_count = 1;
  options.log = on_log;
  options.log_user = log;
  options.log_level = level;
  EXPECT(kgw_gateway_new(&options, &gateway, NULL) == KGW_STATUS_OK);
  return gateway;
}

/* Each has its own log, and a callback may stop the other one. kgw_gateway_free ends the log, so what was counted then
 * is all. */
static void test_two_gateways(void) {
  struct log_of quiet_log = {0, NULL}, log = {0, NULL};
  kgw_gateway* quiet = new_logged(&quiet_log, KGW_LOG_OFF);
  kgw_gateway* gateway = new_logged(&log, KGW_LOG_INFO);
  kgw_listener listener;
  listener.struct_size = sizeof listener;
  log.stops = quiet;
  EXPECT(kgw_gateway_apply(quiet, kgw_cstr(kGateway), NULL, NULL, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(quiet, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(gateway, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_apply(gateway, kgw_cstr(kRoute), NULL, NULL, NULL) ==
         KGW_STATUS_OK); /* its Gateway is not there: a warning */
  EXPECT(kgw_gateway_apply(gateway, kgw_cstr(kGateway), NULL, NULL, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_listener_count(gateway) == 1);
  EXPECT(kgw_gateway_listener_at(gateway, 0, &listener) == KGW_STATUS_OK && listener.bound);
  kgw_gateway_free(gateway); /* while it runs */
  EXPECT(log.records > 0);
  EXPECT(quiet_log.records == 0);
  kgw_gateway_free(quiet);
}

/* The child may only free what it inherited; the parent goes on. */
static void test_fork(void) {
  kgw_gateway* gateway = new_gateway("http=127.0.0.1:0");
  int status = 0;
  pid_t child;
  EXPECT(kgw_gateway_apply(gateway, kgw_cstr(kGateway), NULL, NULL, NULL) == KGW_STATUS_OK);
  EXPECT(kgw_gateway_start(gateway, NULL) == KGW_STATUS_OK);
  child = fork();
  if (child == 0) {
    kgw_error* error = NULL;
    int told = kgw_gateway_stop(gateway, 0, &error) == KGW_STATUS_STATE && error != NULL;
    kgw_error_free(error);
    kgw_gateway_free(gateway);
    _exit(told ? 0 : 1);
  }
  EXPECT(child > 0 && waitpid(child, &status, 0) == child && status == 0);
  EXPECT(kgw_gateway_delete(gateway, kgw_cstr("gateway"), kgw_cstr("default"), kgw_cstr("http"), NULL) ==
         KGW_STATUS_OK);
  EXPECT(kgw_gateway_stop(gateway, 0, NULL) == KGW_STATUS_OK);
  kgw_gateway_free(gateway);
}

/* A host that was compiled against an older header passes a shorter struct: nothing behind its end is touched. */
static void test_shorter_struct(void) {
  struct {
    kgw_setting setting;
    char behind[16];
  } s;
  size_t i, old_size = offsetof(kgw_setting, default_value);
  memset(&s, 0x5a, sizeof s);
  s.setting.struct_size = old_size;
  EXPECT(kgw_setting_count() > 10);
  EXPECT(kgw_setting_at(0, &s.setting) == KGW_STATUS_OK);
  EXPECT(s.setting.name.size > 0);
  for (i = old_size; i < sizeof s; ++i) EXPECT(((const unsigned char*)&s)[i] == 0x5a);
}

int main(void) {
  test_texts();
  test_freeing_null();
  test_access_log();
  test_unknown_setting_is_usage();
  test_misuse_is_an_answer();
  test_apply_get_delete();
  test_port_in_use();
  test_validate();
  test_two_gateways();
  test_fork();
  test_shorter_struct();
  return failures == 0 ? 0 : 1;
}
