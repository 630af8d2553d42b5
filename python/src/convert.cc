#include "convert.h"

#include "failure.h"

namespace kgw::python {

py::str text(kgw_str bytes) {
  PyObject* decoded =
      PyUnicode_DecodeUTF8(bytes.data ? bytes.data : "", static_cast<Py_ssize_t>(bytes.size), "backslashreplace");
  if (!decoded) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

py::object moment(double milliseconds) {
  if (milliseconds < 0) return py::none();
  return py::float_(milliseconds);
}

py::list diagnostics(const kgw_diagnostics* problems) {
  py::list rows;
  size_t count = kgw_diagnostics_count(problems);
  for (size_t i = 0; i < count; ++i) {
    auto problem = blank<kgw_diagnostic>();
    require(kgw_diagnostics_at(problems, i, &problem));
    py::dict row;
    row["severity"] = problem.severity == KGW_SEVERITY_ERROR ? "error" : "warning";
    row["code"] = text(problem.code);
    row["file"] = text(problem.file);
    row["line"] = problem.line;
    row["column"] = problem.column;
    row["object"] = text(problem.object);
    row["path"] = text(problem.path);
    row["text"] = text(problem.text);
    row["full"] = text(problem.full);
    rows.append(row);
  }
  return rows;
}

py::list results(const kgw_results* outcomes) {
  py::list rows;
  if (!outcomes) return rows;
  size_t count = kgw_results_count(outcomes);
  for (size_t i = 0; i < count; ++i) {
    auto result = blank<kgw_result>();
    require(kgw_results_at(outcomes, i, &result));
    auto problems = adopt<Diagnostics>(kgw_results_problems(outcomes, i));
    py::dict row;
    row["outcome"] = kgw_outcome_name(result.outcome);
    row["kind"] = text(result.kind);
    row["namespace"] = text(result.namespace_name);
    row["name"] = text(result.name);
    row["resource"] = text(result.resource);
    row["diagnostics"] = diagnostics(problems.get());
    rows.append(row);
  }
  return rows;
}

Batch batch(const Sources& sources) {
  auto texts = adopt<Batch>(kgw_batch_new());
  if (!texts) throw std::bad_alloc();
  for (const auto& [file, body] : sources) require(kgw_batch_add(texts.get(), view(file), view(body)));
  return texts;
}

} // namespace kgw::python
