/* kgwcore as a host program would run it: kgw_host UPSTREAM_PORT [NAME=VALUE...] serves one route to that port with one
 * worker, and with these settings, until it is ended. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "kgwcore/kgwcore.h"

enum { MOST_SETTINGS = 16 };

static const char kDocuments[] =
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: Gateway\n"
    "metadata: {name: http, namespace: bench}\n"
    "spec: {gatewayClassName: kgateway, listeners: [{name: http, port: 8080, protocol: HTTP}]}\n"
    "---\n"
    "apiVersion: gateway.kgateway.dev/v1alpha1\n"
    "kind: RouteOption\n"
    "metadata: {name: retry, namespace: bench}\n"
    "spec: {options: {retries: {retryOn: connect-failure, numRetries: 3, perTryTimeout: 5s}}}\n"
    "---\n"
    "apiVersion: gateway.networking.k8s.io/v1\n"
    "kind: HTTPRoute\n"
    "metadata: {name: bench, namespace: bench}\n"
    "spec:\n"
    "  parentRefs: [{name: http}]\n"
    "  hostnames: [test.example]\n"
    "  rules:\n"
    "  - filters: [{type: ExtensionRef, extensionRef: {group: gateway.kgateway.dev, kind: RouteOption, name: retry}}]\n"
    "    backendRefs: [{name: origin, port: 80}]\n"
    "---\n"
    "apiVersion: v1\n"
    "kind: Service\n"
    "metadata: {name: origin, namespace: bench}\n"
    "spec: {ports: [{port: 80}]}\n";

static void need(kgw_status status, kgw_error* error) {
  if (status == KGW_STATUS_OK) return;
  kgw_str message = kgw_error_message(error);
  fprintf(stderr, "kgw_host: %s: %.*s\n", kgw_status_name(status), (int)message.size, message.data);
  exit(1);
}

int main(int argc, char** argv) {
  if (argc < 2 || argc > 2 + MOST_SETTINGS) {
    fprintf(stderr, "usage: kgw_host UPSTREAM_PORT [NAME=VALUE...]\n");
    return 2;
  }
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigprocmask(SIG_BLOCK, &ends, NULL);

  char backend[64];
  snprintf(backend, sizeof backend, "bench/origin:80=127.0.0.1:%s", argv[1]);
  kgw_str backends[] = {kgw_cstr(backend)};
  kgw_str listens[] = {kgw_cstr("http=127.0.0.1:0")};
  kgw_gateway_options options;
  kgw_gateway_options_init(&options, sizeof options);
  options.backend = backends;
  options.backend_count = 1;
  options.listen = listens;
  options.listen_count = 1;
  kgw_str settings[MOST_SETTINGS];
  for (int i = 2; i < argc; i++) settings[i - 2] = kgw_cstr(argv[i]);
  options.settings = settings;
  options.settings_count = (size_t)(argc - 2);

  kgw_error* error = NULL;
  kgw_gateway* gateway = NULL;
  need(kgw_gateway_new(&options, &gateway, &error), error);
  need(kgw_gateway_apply(gateway, kgw_cstr(kDocuments), NULL, NULL, &error), error);
  need(kgw_gateway_start(gateway, &error), error);
  kgw_listener listener = {.struct_size = sizeof listener};
  need(kgw_gateway_listener_at(gateway, 0, &listener), NULL);
  printf("listening %u\n", listener.port);
  fflush(stdout);

  int signal = 0;
  sigwait(&ends, &signal);
  kgw_gateway_stop(gateway, 0, NULL);
  kgw_gateway_free(gateway);
  return 0;
}
