#pragma once
// What every extern "C" body goes through: NULL handles and exceptions become a status with a text.

#include <exception>
#include <new>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/diagnostic.h"
#include "kgwcore/kgwcore.h"

// Diagnostics own their texts, lines included.
struct kgw_diagnostics {
  struct Row {
    kgw::config::Diagnostic diagnostic;
    std::string code, full;
  };
  std::vector<Row> rows;
};

struct kgw_error {
  kgw_status code = KGW_STATUS_INTERNAL;
  std::string message;
  int32_t os_error = 0;
  kgw_diagnostics diagnostics;
};

namespace kgw::capi {

inline std::string text_of(kgw_str text) {
  return text.data == nullptr ? std::string() : std::string(text.data, text.size);
}
inline kgw_str str_of(std::string_view text) { return {text.data(), text.size()}; }

kgw_status set_error(kgw_error** error, kgw_status code, std::string message, int32_t os_error = 0);
kgw_status set_error(kgw_error** error, const base::Error& cause);
kgw_diagnostics make_diagnostics(std::vector<config::Diagnostic> diagnostics);

// Copies as much of `record` as the caller's struct has room for, and keeps its struct_size.
template <typename T> kgw_status fill(T* out, T record) {
  if (out == nullptr || out->struct_size < sizeof(size_t)) return KGW_STATUS_USAGE;
  record.struct_size = out->struct_size;
  const char* from = reinterpret_cast<const char*>(&record);
  char* to = reinterpret_cast<char*>(out);
  for (size_t i = 0; i < sizeof record && i < out->struct_size; ++i) to[i] = from[i];
  return KGW_STATUS_OK;
}

template <typename Body> kgw_status guard(kgw_error** error, Body&& body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return KGW_STATUS_NO_MEMORY; // no memory for a text either
  } catch (const std::exception& exception) {
    return set_error(error, KGW_STATUS_INTERNAL, exception.what());
  } catch (...) {
    return set_error(error, KGW_STATUS_INTERNAL, "an exception without a text");
  }
}

} // namespace kgw::capi
