#include "route/regex.h"

#include <re2/re2.h>

#include <string>

#include "route/table.h"

namespace kgw::route {
namespace {

// RE2 spends at most this on one expression: two thirds on its automata, one third on the program. A larger program is
// refused when it is compiled, so untrusted rules cannot take unbounded memory.
constexpr int64_t kMemoryBytes = 1 << 20;
constexpr size_t kExpressionBytes = 4096;

RE2::Options options() {
  RE2::Options result;
  result.set_log_errors(false);
  result.set_max_mem(kMemoryBytes);
  return result;
}

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

} // namespace

struct Regex::Impl {
  explicit Impl(std::string_view expression) : re(piece(expression), options()) {}
  RE2 re;
};

Regex::Regex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

base::Result<Regex> Regex::compile(std::string_view expression) {
  if (expression.size() > kExpressionBytes) {
    return base::fail(base::ErrorCode::kInvalid, "longer than " + std::to_string(kExpressionBytes) + " bytes");
  }
  auto impl = std::make_unique<Impl>(expression);
  if (!impl->re.ok()) return base::fail(base::ErrorCode::kInvalid, impl->re.error());
  return Regex(std::move(impl));
}

bool Regex::matches_whole(std::string_view text) const { return RE2::FullMatch(piece(text), impl_->re); }

base::Result<void> check_regex(std::string_view expression) {
  auto regex = Regex::compile(expression);
  if (!regex) return std::unexpected(regex.error());
  return {};
}

} // namespace kgw::route
