#include "base/log.h"

#include <csignal>
#include <pthread.h>

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/version.h>

namespace kgw::base {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) { return static_cast<spdlog::level::level_enum>(level); }

LogLevel from_spdlog(spdlog::level::level_enum level) {
  return level >= spdlog::level::critical ? LogLevel::kError : static_cast<LogLevel>(level);
}

// The module travels as spdlog's logger name would, but per record: in front of the text, ended by a NUL.
class CallbackSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  CallbackSink(Log::Sink callback, void* user) : callback_(callback), user_(user) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& record) override {
    std::string_view text{record.payload.data(), record.payload.size()};
    auto cut = text.find('\0');
    callback_(user_, from_spdlog(record.level), text.substr(0, cut), text.substr(cut + 1));
  }
  void flush_() override {}

 private:
  Log::Sink callback_;
  void* user_;
};

} // namespace

struct Log::Impl {
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool; // first to go: its thread's records hold on to the logger
};

Log::Log() = default;

Log::Log(LogLevel level, Sink sink, void* user) : level_(level) {
  if (level == LogLevel::kOff || sink == nullptr) {
    level_ = LogLevel::kOff;
    return;
  }
  // Threads that we make run with all signals blocked: the host's handlers never run on them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  impl_ = std::make_unique<Impl>();
  impl_->pool = std::make_shared<spdlog::details::thread_pool>(4096, 1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  impl_->logger = std::make_shared<spdlog::async_logger>("kgwcore", std::make_shared<CallbackSink>(sink, user),
                                                         impl_->pool, spdlog::async_overflow_policy::overrun_oldest);
  impl_->logger->set_level(to_spdlog(level));
}

Log::~Log() = default;

void Log::write(LogLevel level, std::string_view module, std::string_view message) {
  std::string text;
  text.reserve(module.size() + 1 + message.size());
  text.append(module).push_back('\0');
  text.append(message);
  impl_->logger->log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
}

std::string Log::library_version() {
  return fmt::format("spdlog {}.{}.{}", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH);
}

uint64_t Log::dropped() const { return impl_ ? impl_->pool->overrun_counter() : 0; }

} // namespace kgw::base
