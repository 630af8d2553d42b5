// The Python side of the log queue. Every wait is without the GIL.

#include "bind.h"
#include "convert.h"
#include "log_queue.h"

namespace kgw::python {

namespace {

// Records as (level, module, message); None when the queue was stopped and nothing is left.
py::object take() {
  std::vector<LogRecord> batch;
  bool more = false;
  {
    py::gil_scoped_release unlocked;
    more = log_queue().take(batch);
  }
  if (!more) return py::none();
  py::list rows;
  for (const auto& record : batch) {
    rows.append(py::make_tuple(record.level, text(view(record.module)), text(view(record.message))));
  }
  return rows;
}

bool flush(uint32_t limit_ms) {
  py::gil_scoped_release unlocked;
  return log_queue().flush(std::chrono::milliseconds(limit_ms));
}

} // namespace

void bind_log(py::module_& module) {
  module.def("log_take", &take);
  module.def("log_flush", &flush, py::arg("limit_ms"));
  module.def("log_stop", [] { log_queue().stop(); });
  module.def("log_dropped", [] { return log_queue().dropped(); });
  module.def("log_replace", &replace_log_queue);
}

} // namespace kgw::python
