// Life of a gateway.

#include "base/log.h"
#include "net/versions.h"
#include "src/handles.h"

using namespace kgw::capi;

extern "C" {

const char* kgw_version(void) { return KGW_VERSION_TEXT; }

const char* kgw_library_versions(void) {
  static const std::string text = kgw::net::library_versions() + "; " + kgw::base::Log::library_version();
  return text.c_str();
}

kgw_status kgw_gateway_new(const kgw_gateway_options* options, kgw_gateway** gateway, kgw_error** error) {
  return guard(error, [&]() -> kgw_status {
    if (gateway == nullptr) return set_error(error, KGW_STATUS_USAGE, "gateway is NULL");
    *gateway = nullptr;
    auto read = read_options(options);
    if (!read) return set_error(error, read.error());
    auto controller = Controller::make(std::move(*read));
    if (!controller) return set_error(error, controller.error());
    *gateway = new kgw_gateway{.controller = std::move(*controller)};
    return KGW_STATUS_OK;
  });
}

kgw_status kgw_gateway_start(kgw_gateway* gateway, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    auto started = controller.start();
    if (started) return KGW_STATUS_OK;
    // The only invalid thing that start can meet is a rejected document.
    if (started.error().code == kgw::base::ErrorCode::kInvalid)
      return set_error(error, KGW_STATUS_CONFIG, started.error().text);
    return set_error(error, started.error());
  });
}

kgw_status kgw_gateway_stop(kgw_gateway* gateway, uint32_t drain_ms, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    controller.stop(drain_ms == KGW_DRAIN_DEFAULT ? controller.default_drain() : kgw::base::from_ms(drain_ms));
    return KGW_STATUS_OK;
  });
}

kgw_status kgw_gateway_reopen_access_log(kgw_gateway* gateway, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    auto reopened = controller.reopen_access_log();
    return reopened ? KGW_STATUS_OK : set_error(error, reopened.error());
  });
}

void kgw_gateway_free(kgw_gateway* gateway) {
  if (gateway == nullptr) return;
  if (gateway->inherited()) {
    // The threads are the parent's: close what we share with it, touch nothing else, and leave the memory.
    gateway->controller->abandon_after_fork();
    (void)gateway->controller.release();
  }
  delete gateway;
}

size_t kgw_gateway_listener_count(kgw_gateway* gateway) {
  size_t count = 0;
  with_gateway(gateway, nullptr, [&](Controller& controller) -> kgw_status {
    auto listeners = controller.listeners();
    std::lock_guard lock(gateway->mutex);
    gateway->listeners = std::move(listeners);
    count = gateway->listeners.size();
    return KGW_STATUS_OK;
  });
  return count;
}

// With the handle locked. Its texts stay, whatever another thread asks for meanwhile.
static kgw_listener listener_of(kgw_gateway& gateway, const ListenerView& view) {
  auto kept = [&gateway](const std::string& text) { return str_of(*gateway.texts.insert(text).first); };
  kgw_listener record{};
  record.name = kept(view.name);
  record.address = kept(view.address);
  record.port = view.port;
  record.bound = view.bound ? 1 : 0;
  record.tls = view.tls ? 1 : 0;
  return record;
}

kgw_status kgw_gateway_listener_at(kgw_gateway* gateway, size_t index, kgw_listener* out) {
  return with_gateway(gateway, nullptr, [&](Controller& controller) -> kgw_status {
    std::lock_guard lock(gateway->mutex);
    if (gateway->listeners.empty()) gateway->listeners = controller.listeners();
    if (index >= gateway->listeners.size()) return KGW_STATUS_USAGE;
    return fill(out, listener_of(*gateway, gateway->listeners[index]));
  });
}

kgw_status kgw_gateway_admin(kgw_gateway* gateway, kgw_listener* out, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    auto admin = controller.admin_address();
    if (!admin) return set_error(error, admin.error());
    std::lock_guard lock(gateway->mutex);
    return fill(out, listener_of(*gateway, *admin));
  });
}

} // extern "C"
