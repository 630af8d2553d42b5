#include <stdio.h>
#include <string.h>

#include <kgwcore/kgwcore.h>

int main(void) {
  kgw_gateway_options options;
  kgw_gateway* gateway = NULL;
  kgw_gateway_options_init(&options, sizeof options);
  if (kgw_gateway_new(&options, &gateway, NULL) != KGW_STATUS_OK) return 1;
  if (kgw_gateway_start(gateway, NULL) != KGW_STATUS_OK) return 1;
  if (kgw_gateway_stop(gateway, 0, NULL) != KGW_STATUS_OK) return 1;
  kgw_gateway_free(gateway);
  printf("kgwcore %s, built against %s\n", kgw_version(), KGW_VERSION_TEXT);
  return strcmp(kgw_version(), KGW_VERSION_TEXT) == 0 ? 0 : 1;
}
