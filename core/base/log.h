#pragma once
// A gateway's own log: several gateways in one process each have one. Records go to a callback on the log's own thread;
// a full queue drops the oldest record and counts it. Never used per request or per chunk.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kgw::base {

enum class LogLevel : uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kOff };

class Log {
 public:
  // Called on the log's thread, one record at a time. `module` and `message` live for the call.
  using Sink = void (*)(void* user, LogLevel level, std::string_view module, std::string_view message);

  Log(); // discards everything
  Log(LogLevel level, Sink sink, void* user);
  ~Log(); // writes what is queued, then ends the thread
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  bool enabled(LogLevel level) const { return level >= level_; }
  void write(LogLevel level, std::string_view module, std::string_view message);
  uint64_t dropped() const;
  static std::string library_version(); // "spdlog 1.10.0"

 private:
  struct Impl;
  LogLevel level_ = LogLevel::kOff;
  std::unique_ptr<Impl> impl_;
};

} // namespace kgw::base

#define KGW_LOG(log, level, module, ...)                                                                               \
  do {                                                                                                                 \
    if ((log).enabled(level)) (log).write(level, module, fmt::format(__VA_ARGS__));                                    \
  } while (false)
