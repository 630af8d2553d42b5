#pragma once
// Expected failures are values. Exceptions exist only inside config/ (yaml-cpp throws) and never cross a module border.

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace kgw::base {

enum class ErrorCode : uint16_t {
  kInvalid,     // the input breaks a rule
  kUnsupported, // a valid input that this build does not serve
  kNotFound,
  kAddressInUse,
  kIo,    // the operating system said no; the text has its words
  kState, // the call does not fit the object's state
  kLimit, // a documented bound was reached
  kInternal,
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string text;
  int os_error = 0; // errno where the operating system caused it, else 0
};

template <typename T> using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string text, int os_error = 0) {
  return std::unexpected(Error{code, std::move(text), os_error});
}

} // namespace kgw::base

// A broken promise inside the library. Stays on in release builds: the process state is unknown beyond this point.
#define KGW_ASSERT(condition)                                                                                          \
  do {                                                                                                                 \
    if (!(condition)) [[unlikely]]                                                                                     \
      __builtin_trap();                                                                                                \
  } while (false)
