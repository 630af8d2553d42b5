// What needs no gateway: versions, the list of statuses, the list of settings, and how many objects are alive.

#include "bind.h"
#include "failure.h"

namespace kgw::python {

namespace {

py::list statuses() {
  py::list rows;
#define KGW_STATUS_ROW(name, number, text, meaning, exception)                                                         \
  rows.append(py::make_tuple(#name, number, meaning, exception));
#include "status.def"
#undef KGW_STATUS_ROW
  return rows;
}

py::list settings() {
  py::list rows;
  for (size_t i = 0; i < kgw_setting_count(); ++i) {
    auto setting = blank<kgw_setting>();
    require(kgw_setting_at(i, &setting));
    py::dict row;
    row["name"] = text(setting.name);
    row["scope"] = text(setting.scope);
    row["unit"] = text(setting.unit);
    row["default"] = setting.default_value;
    row["edge"] = setting.edge_value;
    row["least"] = setting.least;
    row["most"] = setting.most;
    row["meaning"] = text(setting.meaning);
    row["words"] = text(setting.words);
    rows.append(row);
  }
  return rows;
}

} // namespace

void bind_library(py::module_& module) {
  module.def("version", &kgw_version);
  module.def("library_versions", &kgw_library_versions);
  module.def("statuses", &statuses);
  module.def("settings", &settings);
  module.def("live_handles", [] { return live_handles.load(); });
}

} // namespace kgw::python
