// apply, delete, get, validate.

#include <algorithm>
#include <cstring>

#include "net/clock.h"
#include "src/handles.h"

using namespace kgw::capi;
using kgw::config::Diagnostic;
using kgw::config::Outcome;

namespace {

std::string resource_of(const kgw::config::ApplyResult& result) {
  const kgw::config::KindInfo* info = kgw::config::find_kind(
      result.api_version.find('/') == std::string::npos ? std::string()
                                                        : result.api_version.substr(0, result.api_version.find('/')),
      result.id.kind_name);
  if (info == nullptr) info = kgw::config::find_kind(result.id.group, result.id.kind_name);
  if (info == nullptr) return result.id.text();
  return info->singular + (info->group.empty() ? "" : "." + info->group) + "/" + result.id.name;
}

kgw_status apply(Controller& controller, std::vector<Text> texts, const kgw_apply_options* options,
                 kgw_results** results, kgw_error** error) {
  kgw_apply_options from;
  kgw_apply_options_init(&from, sizeof from);
  if (options != nullptr) std::memcpy(&from, options, std::min(sizeof from, options->struct_size));
  if (results != nullptr) *results = nullptr;
  ApplyCall call{.texts = std::move(texts),
                 .default_namespace = text_of(from.namespace_name),
                 .dry_run = (from.flags & KGW_APPLY_DRY_RUN) != 0,
                 .from_files = (from.flags & KGW_APPLY_FROM_FILES) != 0,
                 .reload = (from.flags & KGW_APPLY_RELOAD) != 0};
  auto list = std::make_unique<kgw_results>();
  std::vector<Diagnostic> errors;
  for (kgw::config::ApplyResult& result : controller.apply(std::move(call))) {
    if (result.outcome == Outcome::kRejected) {
      for (const Diagnostic& problem : result.problems) {
        if (problem.severity == kgw::config::Severity::kError) errors.push_back(problem);
      }
    }
    std::string resource = resource_of(result);
    list->rows.push_back({std::move(result), std::move(resource)});
  }
  bool rejected = std::any_of(list->rows.begin(), list->rows.end(),
                              [](const auto& row) { return row.result.outcome == Outcome::kRejected; });
  if (results != nullptr) *results = list.release();
  if (!rejected) return KGW_STATUS_OK;
  std::string message = errors.empty() ? "a document was rejected" : errors.front().line();
  if (errors.size() > 1) message += " (and " + std::to_string(errors.size() - 1) + " more)";
  kgw_status status = set_error(error, KGW_STATUS_CONFIG, std::move(message));
  if (error != nullptr) (*error)->diagnostics = make_diagnostics(std::move(errors));
  return status;
}

} // namespace

extern "C" {

kgw_batch* kgw_batch_new(void) { return new (std::nothrow) kgw_batch; }

kgw_status kgw_batch_add(kgw_batch* batch, kgw_str file, kgw_str text) {
  return guard(nullptr, [&]() -> kgw_status {
    if (batch == nullptr) return KGW_STATUS_USAGE;
    batch->texts.push_back({text_of(file), text_of(text)});
    return KGW_STATUS_OK;
  });
}

void kgw_batch_free(kgw_batch* batch) { delete batch; }

void kgw_apply_options_init(kgw_apply_options* options, size_t struct_size) {
  if (options == nullptr) return;
  std::memset(options, 0, struct_size);
  options->struct_size = struct_size;
}

const char* kgw_outcome_name(int32_t outcome) {
  static_assert(static_cast<int>(Outcome::kDeleted) == KGW_OUTCOME_DELETED);
  if (outcome < KGW_OUTCOME_CREATED || outcome > KGW_OUTCOME_DELETED) return "unknown";
  return kgw::config::outcome_text(static_cast<Outcome>(outcome));
}

size_t kgw_results_count(const kgw_results* results) { return results == nullptr ? 0 : results->rows.size(); }

kgw_status kgw_results_at(const kgw_results* results, size_t index, kgw_result* out) {
  if (index >= kgw_results_count(results)) return KGW_STATUS_USAGE;
  const kgw_results::Row& row = results->rows[index];
  kgw_result record{};
  record.outcome = static_cast<int32_t>(row.result.outcome);
  record.kind = str_of(row.result.id.kind_name);
  record.namespace_name = str_of(row.result.id.namespace_name);
  record.name = str_of(row.result.id.name);
  record.resource = str_of(row.resource);
  return fill(out, record);
}

kgw_diagnostics* kgw_results_problems(const kgw_results* results, size_t index) {
  if (index >= kgw_results_count(results)) return nullptr;
  kgw_diagnostics* made = nullptr;
  guard(nullptr, [&]() -> kgw_status {
    made = new kgw_diagnostics(make_diagnostics(results->rows[index].result.problems));
    return KGW_STATUS_OK;
  });
  return made;
}

void kgw_results_free(kgw_results* results) { delete results; }

kgw_status kgw_gateway_apply(kgw_gateway* gateway, kgw_str text, const kgw_apply_options* options,
                             kgw_results** results, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) {
    return apply(controller, {{"<text>", text_of(text)}}, options, results, error);
  });
}

kgw_status kgw_gateway_apply_batch(kgw_gateway* gateway, const kgw_batch* batch, const kgw_apply_options* options,
                                   kgw_results** results, kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) {
    if (batch == nullptr) return set_error(error, KGW_STATUS_USAGE, "batch is NULL");
    return apply(controller, batch->texts, options, results, error);
  });
}

kgw_status kgw_gateway_delete(kgw_gateway* gateway, kgw_str kind, kgw_str namespace_name, kgw_str name,
                              kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    auto removed = controller.remove(text_of(kind), text_of(namespace_name), text_of(name));
    return removed ? KGW_STATUS_OK : set_error(error, removed.error());
  });
}

kgw_str kgw_text_view(const kgw_text* text) { return text == nullptr ? kgw_str{nullptr, 0} : str_of(text->text); }
void kgw_text_free(kgw_text* text) { delete text; }

kgw_status kgw_gateway_get(kgw_gateway* gateway, kgw_str kind, kgw_str namespace_name, kgw_str name, kgw_text** json,
                           kgw_error** error) {
  return with_gateway(gateway, error, [&](Controller& controller) -> kgw_status {
    if (json == nullptr) return set_error(error, KGW_STATUS_USAGE, "json is NULL");
    *json = nullptr;
    auto got = controller.get(text_of(kind), text_of(namespace_name), text_of(name));
    if (!got) return set_error(error, got.error());
    *json = new kgw_text{std::move(*got)};
    return KGW_STATUS_OK;
  });
}

kgw_status kgw_validate(const kgw_batch* batch, const kgw_gateway_options* options, kgw_str namespace_name,
                        kgw_diagnostics** diagnostics, kgw_error** error) {
  return guard(error, [&]() -> kgw_status {
    if (batch == nullptr || diagnostics == nullptr)
      return set_error(error, KGW_STATUS_USAGE, "batch or diagnostics is NULL");
    *diagnostics = nullptr;
    auto read = read_options(options);
    if (!read) return set_error(error, read.error());
    kgw::config::Store store(kgw::net::unix_time_us, 1);
    kgw::config::ParseLimits limits{.bytes = static_cast<size_t>(read->translate.settings.process.document_bytes)};
    std::vector<Diagnostic> all;
    bool rejected = false;
    for (const Text& text : batch->texts) {
      for (auto& result : store.apply_text(text.text, text.file, text_of(namespace_name), true, false, limits)) {
        rejected |= result.outcome == Outcome::kRejected;
        all.insert(all.end(), result.problems.begin(), result.problems.end());
      }
    }
    auto translation = store.translate(read->translate);
    all.insert(all.end(), translation.warnings.begin(), translation.warnings.end());
    *diagnostics = new kgw_diagnostics(make_diagnostics(std::move(all)));
    return rejected ? set_error(error, KGW_STATUS_CONFIG, "a document was rejected") : KGW_STATUS_OK;
  });
}

} // extern "C"
