/*
 * A gateway inside a C program: three documents, one start, and what it serves. With the argument `serve` it goes on
 * until Enter is pressed.
 *
 *   cc -std=c99 gateway.c $(pkg-config --cflags --libs kgwcore)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kgwcore/kgwcore.h>

static const char kDocuments[] =
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: Gateway\n"
    "metadata: {name: http}\n"
    "spec: {gatewayClassName: kgateway, listeners: [{name: http, port: 8080, protocol: HTTP}]}\n"
    "---\n"
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: HTTPRoute\n"
    "metadata: {name: api}\n"
    "spec:\n"
    "  parentRefs: [{name: http}]\n"
    "  hostnames: [api.example]\n"
    "  rules: [{backendRefs: [{name: api, port: 80}]}]\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: api}\n"
    "spec: {ports: [{port: 80}]}\n";

/* Every call that can fail sets an error, which says what to do and lists every problem of a document with its place.
 */
static void check(kgw_status status, kgw_error* error) {
  const kgw_diagnostics* problems;
  kgw_diagnostic problem;
  kgw_str message;
  size_t i;
  if (status == KGW_STATUS_OK) return;
  message = kgw_error_message(error);
  fprintf(stderr, "%s: %.*s\n", kgw_status_name(status), (int)message.size, message.data);
  problems = kgw_error_diagnostics(error);
  problem.struct_size = sizeof problem;
  for (i = 0; i < kgw_diagnostics_count(problems); ++i) {
    if (kgw_diagnostics_at(problems, i, &problem) == KGW_STATUS_OK) {
      fprintf(stderr, "  %.*s\n", (int)problem.full.size, problem.full.data);
    }
  }
  kgw_error_free(error);
  exit(1);
}

static void print_routes(kgw_gateway* gateway) {
  kgw_error* error = NULL;
  kgw_routes* routes = NULL;
  kgw_route route;
  size_t i;
  check(kgw_gateway_routes(gateway, &routes, &error), error);
  route.struct_size = sizeof route;
  for (i = 0; i < kgw_routes_count(routes); ++i) {
    if (kgw_routes_at(routes, i, &route) != KGW_STATUS_OK) continue;
    printf("route %.*s -> %.*s\n", (int)route.hostname.size, route.hostname.data, (int)route.target.size,
           route.target.data);
  }
  kgw_routes_free(routes);
}

int main(int argc, char** argv) {
  kgw_gateway_options options;
  kgw_gateway* gateway = NULL;
  kgw_error* error = NULL;
  kgw_listener listener;
  kgw_str listen = kgw_cstr("http=127.0.0.1:0");
  kgw_str backend = kgw_cstr("default/api=127.0.0.1:9000");
  int serve = argc > 1 && strcmp(argv[1], "serve") == 0;

  kgw_gateway_options_init(&options, sizeof options);
  options.listen = &listen;
  options.listen_count = 1;
  options.backend = &backend;
  options.backend_count = 1;
  check(kgw_gateway_new(&options, &gateway, &error), error);
  check(kgw_gateway_apply(gateway, kgw_cstr(kDocuments), NULL, NULL, &error), error);
  check(kgw_gateway_start(gateway, &error), error);

  listener.struct_size = sizeof listener;
  check(kgw_gateway_listener_at(gateway, 0, &listener), NULL);
  printf("kgwcore %s listens on %.*s:%u\n", kgw_version(), (int)listener.address.size, listener.address.data,
         (unsigned)listener.port);
  print_routes(gateway);
  if (serve) {
    fflush(stdout);
    getchar(); /* until Enter, or the end of the input */
  }

  check(kgw_gateway_stop(gateway, KGW_DRAIN_DEFAULT, &error), error);
  kgw_gateway_free(gateway);
  return 0;
}
