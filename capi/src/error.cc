#include <cstring>

#include "src/guard.h"

namespace kgw::capi {

kgw_status set_error(kgw_error** error, kgw_status code, std::string message, int32_t os_error) {
  if (error != nullptr) *error = new kgw_error{code, std::move(message), os_error, {}};
  return code;
}

kgw_status set_error(kgw_error** error, const base::Error& cause) {
  kgw_status code = KGW_STATUS_INTERNAL;
  switch (cause.code) {
  case base::ErrorCode::kInvalid: code = KGW_STATUS_USAGE; break;
  case base::ErrorCode::kUnsupported: code = KGW_STATUS_UNSUPPORTED; break;
  case base::ErrorCode::kNotFound: code = KGW_STATUS_NOT_FOUND; break;
  case base::ErrorCode::kAddressInUse: code = KGW_STATUS_ADDRESS_IN_USE; break;
  case base::ErrorCode::kIo:
  case base::ErrorCode::kLimit: code = KGW_STATUS_IO; break;
  case base::ErrorCode::kState: code = KGW_STATUS_STATE; break;
  case base::ErrorCode::kInternal: break;
  }
  return set_error(error, code, cause.text, cause.os_error);
}

kgw_diagnostics make_diagnostics(std::vector<config::Diagnostic> diagnostics) {
  kgw_diagnostics result;
  for (config::Diagnostic& diagnostic : diagnostics) {
    std::string code = diagnostic.code(), full = diagnostic.line();
    result.rows.push_back({std::move(diagnostic), std::move(code), std::move(full)});
  }
  return result;
}

} // namespace kgw::capi

using namespace kgw::capi;

extern "C" {

kgw_str kgw_cstr(const char* text) { return {text, text == nullptr ? 0 : std::strlen(text)}; }

const char* kgw_status_name(kgw_status status) {
  switch (status) {
#define KGW_STATUS_ROW(id, number, name, meaning, python)                                                              \
  case KGW_STATUS_##id: static_assert(KGW_STATUS_##id == number); return name;
#include "status.def"
#undef KGW_STATUS_ROW
  default: return "unknown";
  }
}

kgw_status kgw_error_code(const kgw_error* error) { return error == nullptr ? KGW_STATUS_OK : error->code; }
const char* kgw_error_name(const kgw_error* error) { return kgw_status_name(kgw_error_code(error)); }
kgw_str kgw_error_message(const kgw_error* error) {
  return error == nullptr ? kgw_str{nullptr, 0} : str_of(error->message);
}
int32_t kgw_error_os_error(const kgw_error* error) { return error == nullptr ? 0 : error->os_error; }
const kgw_diagnostics* kgw_error_diagnostics(const kgw_error* error) {
  return error == nullptr || error->diagnostics.rows.empty() ? nullptr : &error->diagnostics;
}
void kgw_error_free(kgw_error* error) { delete error; }

size_t kgw_diagnostics_count(const kgw_diagnostics* diagnostics) {
  return diagnostics == nullptr ? 0 : diagnostics->rows.size();
}

kgw_status kgw_diagnostics_at(const kgw_diagnostics* diagnostics, size_t index, kgw_diagnostic* out) {
  if (index >= kgw_diagnostics_count(diagnostics)) return KGW_STATUS_USAGE;
  const kgw_diagnostics::Row& row = diagnostics->rows[index];
  const kgw::config::Diagnostic& from = row.diagnostic;
  kgw_diagnostic record{};
  record.severity = from.severity == kgw::config::Severity::kError ? KGW_SEVERITY_ERROR : KGW_SEVERITY_WARNING;
  record.line = from.at.line;
  record.column = from.at.column;
  record.code = str_of(row.code);
  record.file = str_of(from.file);
  record.object = str_of(from.object);
  record.path = str_of(from.path);
  record.text = str_of(from.text);
  record.full = str_of(row.full);
  return fill(out, record);
}

void kgw_diagnostics_free(kgw_diagnostics* diagnostics) { delete diagnostics; }

} // extern "C"
