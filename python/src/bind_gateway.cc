// kgw_gateway as a class. The handle is shared by the calls in flight: close() from one thread while another one waits
// in a call frees the gateway when that call returns, never under its feet.

#include "bind.h"
#include "failure.h"
#include "options.h"
#include "views.h"

namespace kgw::python {

namespace {

class Gateway {
 public:
  explicit Gateway(const py::dict& values);
  ~Gateway() { free(); }

  void start() { call(kgw_gateway_start); }
  void stop(uint32_t drain_ms);
  void reopen_access_log() { call(kgw_gateway_reopen_access_log); }
  void free();
  bool open() const { return gateway_ != nullptr; }

  py::list listeners() const;
  py::tuple admin() const;

  py::list apply(const Sources& sources, const std::string& namespace_name, uint32_t flags) const;
  void remove(const std::string& kind, const std::string& namespace_name, const std::string& name) const;
  py::str get(const std::string& kind, const std::string& namespace_name, const std::string& name) const;

  py::list attempts(size_t limit) const;
  py::list stats() const;
  py::list routes() const;

 private:
  std::shared_ptr<kgw_gateway> use() const;

  // Runs function(gateway, &error) without the GIL and raises what went wrong.
  template <class Function> void call(Function&& function) const;

  std::shared_ptr<kgw_gateway> gateway_;
};

Gateway::Gateway(const py::dict& values) {
  Options options(values);
  kgw_gateway* made = nullptr;
  kgw_error* error = nullptr;
  kgw_status status = KGW_STATUS_OK;
  {
    py::gil_scoped_release unlocked;
    status = kgw_gateway_new(options.get(), &made, &error);
  }
  if (status != KGW_STATUS_OK) raise(status, adopt<Error>(error));
  ++live_handles;
  gateway_ = std::shared_ptr<kgw_gateway>(made, Release<kgw_gateway_free>());
}

std::shared_ptr<kgw_gateway> Gateway::use() const {
  if (!gateway_) raise(KGW_STATUS_STATE, "the gateway is closed");
  return gateway_;
}

template <class Function> void Gateway::call(Function&& function) const {
  auto gateway = use();
  kgw_error* error = nullptr;
  kgw_status status = KGW_STATUS_OK;
  {
    py::gil_scoped_release unlocked;
    status = function(gateway.get(), &error);
    gateway.reset();
  }
  if (status != KGW_STATUS_OK) raise(status, adopt<Error>(error));
}

void Gateway::stop(uint32_t drain_ms) {
  call([drain_ms](kgw_gateway* gateway, kgw_error** error) { return kgw_gateway_stop(gateway, drain_ms, error); });
}

void Gateway::free() {
  auto gateway = std::move(gateway_);
  if (!gateway) return;
  py::gil_scoped_release unlocked;
  gateway.reset();
}

py::list Gateway::listeners() const {
  std::vector<Listener> found;
  call([&found](kgw_gateway* gateway, kgw_error**) {
    kgw_gateway_listener_count(gateway); // looks anew
    // Another thread may take listeners away meanwhile: the first index that is refused is the end.
    auto row = blank<kgw_listener>();
    while (kgw_gateway_listener_at(gateway, found.size(), &row) == KGW_STATUS_OK) found.emplace_back(row);
    return KGW_STATUS_OK;
  });
  py::list rows;
  for (const Listener& listener : found) rows.append(listener.row());
  return rows;
}

py::tuple Gateway::admin() const {
  Listener found;
  call([&found](kgw_gateway* gateway, kgw_error** error) {
    auto row = blank<kgw_listener>();
    kgw_status status = kgw_gateway_admin(gateway, &row, error);
    if (status == KGW_STATUS_OK) found = Listener(row);
    return status;
  });
  return found.row();
}

py::list Gateway::apply(const Sources& sources, const std::string& namespace_name, uint32_t flags) const {
  auto gateway = use();
  Batch texts = batch(sources);
  kgw_apply_options options;
  kgw_apply_options_init(&options, sizeof options);
  options.namespace_name = view(namespace_name);
  options.flags = flags;
  kgw_results* outcomes = nullptr;
  kgw_error* error = nullptr;
  kgw_status status = KGW_STATUS_OK;
  {
    py::gil_scoped_release unlocked;
    status = kgw_gateway_apply_batch(gateway.get(), texts.get(), &options, &outcomes, &error);
    gateway.reset();
  }
  auto owned = adopt<Results>(outcomes);
  auto failure = adopt<Error>(error);
  py::list rows = results(owned.get());
  if (status != KGW_STATUS_OK) raise(status, std::move(failure), rows);
  return rows;
}

void Gateway::remove(const std::string& kind, const std::string& namespace_name, const std::string& name) const {
  call([&](kgw_gateway* gateway, kgw_error** error) {
    return kgw_gateway_delete(gateway, view(kind), view(namespace_name), view(name), error);
  });
}

py::str Gateway::get(const std::string& kind, const std::string& namespace_name, const std::string& name) const {
  kgw_text* json = nullptr;
  call([&](kgw_gateway* gateway, kgw_error** error) {
    return kgw_gateway_get(gateway, view(kind), view(namespace_name), view(name), &json, error);
  });
  auto owned = adopt<Text>(json);
  return text(kgw_text_view(owned.get()));
}

py::list Gateway::attempts(size_t limit) const {
  kgw_attempts* list = nullptr;
  call([&](kgw_gateway* gateway, kgw_error** error) { return kgw_gateway_attempts(gateway, limit, &list, error); });
  auto owned = adopt<Attempts>(list);
  return python::attempts(owned.get());
}

py::list Gateway::stats() const {
  kgw_stats* list = nullptr;
  call([&](kgw_gateway* gateway, kgw_error** error) { return kgw_gateway_stats(gateway, &list, error); });
  auto owned = adopt<Stats>(list);
  return python::stats(owned.get());
}

py::list Gateway::routes() const {
  kgw_routes* list = nullptr;
  call([&](kgw_gateway* gateway, kgw_error** error) { return kgw_gateway_routes(gateway, &list, error); });
  auto owned = adopt<Routes>(list);
  return python::routes(owned.get());
}

} // namespace

void bind_gateway(py::module_& module) {
  module.attr("DRAIN_DEFAULT") = KGW_DRAIN_DEFAULT;
  module.attr("APPLY_FROM_FILES") = static_cast<uint32_t>(KGW_APPLY_FROM_FILES);
  module.attr("APPLY_RELOAD") = static_cast<uint32_t>(KGW_APPLY_RELOAD);
  py::class_<Gateway>(module, "Gateway")
      .def(py::init<const py::dict&>(), py::arg("options"))
      .def("start", &Gateway::start)
      .def("stop", &Gateway::stop, py::arg("drain_ms"))
      .def("reopen_access_log", &Gateway::reopen_access_log)
      .def("free", &Gateway::free)
      .def_property_readonly("open", &Gateway::open)
      .def("listeners", &Gateway::listeners)
      .def("admin", &Gateway::admin)
      .def("apply", &Gateway::apply, py::arg("sources"), py::arg("namespace"), py::arg("flags"))
      .def("delete", &Gateway::remove, py::arg("kind"), py::arg("namespace"), py::arg("name"))
      .def("get", &Gateway::get, py::arg("kind"), py::arg("namespace"), py::arg("name"))
      .def("attempts", &Gateway::attempts, py::arg("limit"))
      .def("stats", &Gateway::stats)
      .def("routes", &Gateway::routes);
}

} // namespace kgw::python
