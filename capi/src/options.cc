#include "src/options.h"

#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/text.h"
#include "config/rules.h"
#include "http/token.h"
#include "net/address.h"
#include "src/guard.h"

namespace kgw::capi {
namespace {

using base::ErrorCode;

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

// HOST:PORT, [V6]:PORT
base::Result<HostPort> parse_host_port(std::string_view text) {
  auto colon = text.rfind(':');
  unsigned port = 0;
  bool ok = colon != std::string_view::npos && colon > 0;
  if (ok) {
    std::string_view digits = text.substr(colon + 1);
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    ok = error == std::errc{} && end == digits.data() + digits.size() && !digits.empty() && port <= 65535;
  }
  if (!ok) return base::fail(ErrorCode::kInvalid, "got \"" + std::string(text) + "\"; need HOST:PORT");
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostPort{std::string(host), static_cast<uint16_t>(port)};
}

base::Error named(const char* option, base::Error error) {
  error.text = std::string(option) + ": " + error.text;
  return error;
}

base::Result<config::TranslateOptions::Listen> parse_listen(std::string_view text) {
  auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return base::fail(ErrorCode::kInvalid, "got \"" + std::string(text) + "\"; need LISTENER=ADDR:PORT");
  }
  auto where = parse_host_port(text.substr(equals + 1));
  if (!where) return std::unexpected(where.error());
  if (!net::parse_address(where->host, 0))
    return base::fail(ErrorCode::kInvalid, "got \"" + where->host + "\"; need a numeric address");
  return config::TranslateOptions::Listen{std::string(text.substr(0, equals)), where->host, where->port};
}

base::Result<config::TranslateOptions::Override> parse_backend(std::string_view text) {
  auto wrong = [&] {
    return base::fail(ErrorCode::kInvalid, "got \"" + std::string(text) +
                                               "\"; need NAMESPACE/SERVICE[:PORT]=HOST:PORT[,HOST:PORT...], or *=...");
  };
  auto equals = text.find('=');
  if (equals == std::string_view::npos) return wrong();
  std::string_view who = text.substr(0, equals), where = text.substr(equals + 1);
  config::TranslateOptions::Override result;
  if (who == "*") {
    result.name = "*";
  } else {
    auto slash = who.find('/');
    if (slash == std::string_view::npos || slash == 0) return wrong();
    result.namespace_name = who.substr(0, slash);
    std::string_view name = who.substr(slash + 1);
    if (auto colon = name.find(':'); colon != std::string_view::npos) {
      std::string_view digits = name.substr(colon + 1);
      auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
      if (error != std::errc{} || end != digits.data() + digits.size() || result.port == 0) return wrong();
      name = name.substr(0, colon);
    }
    if (name.empty()) return wrong();
    result.name = name;
  }
  while (!where.empty()) {
    auto comma = where.find(',');
    auto endpoint = parse_host_port(where.substr(0, comma));
    if (!endpoint || endpoint->port == 0) return wrong();
    result.endpoints.push_back({endpoint->host, endpoint->port, 1});
    where = comma == std::string_view::npos ? std::string_view{} : where.substr(comma + 1);
  }
  if (result.endpoints.empty()) return wrong();
  return result;
}

base::Result<void> read_lists(const kgw_gateway_options& from, Options& to) {
  to.translate.settings = snapshot::base_settings(from.edge != 0);
  for (size_t i = 0; i < from.settings_count; ++i) {
    std::string pair = text_of(from.settings[i]);
    auto equals = pair.find('=');
    if (equals == std::string::npos)
      return base::fail(ErrorCode::kInvalid, "settings: got \"" + pair + "\"; need NAME=VALUE");
    auto set = snapshot::set_setting(to.translate.settings, pair.substr(0, equals), pair.substr(equals + 1));
    if (!set) return std::unexpected(named("settings", set.error()));
  }
  for (size_t i = 0; i < from.listen_count; ++i) {
    auto listen = parse_listen(text_of(from.listen[i]));
    if (!listen) return std::unexpected(named("listen", listen.error()));
    to.translate.listens.push_back(std::move(*listen));
  }
  for (size_t i = 0; i < from.backend_count; ++i) {
    auto backend = parse_backend(text_of(from.backend[i]));
    if (!backend) return std::unexpected(named("backend", backend.error()));
    to.translate.overrides.push_back(std::move(*backend));
  }
  return {};
}

base::Result<void> read_internal_cidrs(const kgw_gateway_options& from, Options& to) {
  for (size_t i = 0; i < from.internal_cidr_count; ++i) {
    std::string text = text_of(from.internal_cidrs[i]);
    auto cidr = net::parse_cidr(text);
    if (!cidr)
      return base::fail(ErrorCode::kInvalid, "internal_cidrs: got \"" + text + "\"; need ADDRESS/BITS, or an ADDRESS");
    to.internal.push_back(*cidr);
  }
  return {};
}

base::Result<void> read_admin(const kgw_gateway_options& from, Options& to) {
  std::string address = text_of(from.admin_address);
  to.admin_token = text_of(from.admin_token);
  if (address.empty()) return {};
  auto where = parse_host_port(address);
  if (!where) return std::unexpected(named("admin_address", where.error()));
  auto numeric = net::parse_address(where->host, where->port);
  if (!numeric)
    return base::fail(ErrorCode::kInvalid, "admin_address: got \"" + where->host + "\"; need a numeric address");
  if (!numeric->loopback() && to.admin_token.empty()) {
    return base::fail(ErrorCode::kInvalid,
                      "admin_address: got \"" + address +
                          "\"; need a loopback address, or an admin_token: whoever reaches it rewrites the routes");
  }
  to.admin_host = where->host;
  to.admin_port = where->port;
  return {};
}

constexpr size_t kMostLoggedHeaders = 16;

base::Result<std::string> logged_header(std::string_view text) {
  auto wrong = [&](const char* need) {
    return base::fail(ErrorCode::kInvalid, "access_log_headers: got \"" + std::string(text) + "\"; need " + need);
  };
  if (!config::is_header_name(text)) return wrong("a field name");
  std::string name = base::to_lower(text);
  if (name == "host") return wrong("another name: the log has it as authority");
  if ((http::token_bit(http::token_of(name)) & http::tokens_with(http::kSecret)) != 0)
    return wrong("another name: secrets are never logged");
  return name;
}

base::Result<void> read_access_log(const kgw_gateway_options& from, Options& to) {
  to.access_log.path = text_of(from.access_log);
  if (to.access_log.path.find('\0') != std::string::npos)
    return base::fail(ErrorCode::kInvalid, "access_log: need a path without NUL");
  if (from.access_log_header_count > kMostLoggedHeaders) {
    return base::fail(ErrorCode::kInvalid, "access_log_headers: got " + std::to_string(from.access_log_header_count) +
                                               " names; need at most " + std::to_string(kMostLoggedHeaders));
  }
  for (size_t i = 0; i < from.access_log_header_count; ++i) {
    auto name = logged_header(text_of(from.access_log_headers[i]));
    if (!name) return std::unexpected(name.error());
    auto& names = to.access_log.headers; // each once: keys of an object
    if (std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(std::move(*name));
  }
  to.access_log.queue_records = static_cast<size_t>(to.translate.settings.process.log_queue_records);
  return {};
}

} // namespace

base::Result<Options> read_options(const kgw_gateway_options* given) {
  kgw_gateway_options from;
  kgw_gateway_options_init(&from, sizeof from);
  if (given != nullptr) {
    // A longer struct is a newer caller's: fine as long as it asks for nothing that we do not know.
    if (given->struct_size < sizeof(size_t)) return base::fail(ErrorCode::kInvalid, "options: struct_size is not set");
    const auto* bytes = reinterpret_cast<const char*>(given);
    for (size_t i = sizeof from; i < given->struct_size; ++i) {
      if (bytes[i] != 0)
        return base::fail(ErrorCode::kInvalid, "options: set a field that this library is too old to know");
    }
    std::memcpy(&from, given, std::min(sizeof from, given->struct_size));
  }
  Options to;
  if (std::string host = text_of(from.host); !host.empty()) to.translate.host = host;
  if (!net::parse_address(to.translate.host, 0)) {
    return base::fail(ErrorCode::kInvalid, "host: got \"" + to.translate.host + "\"; need a numeric address");
  }
  if (from.concurrency < 1 || from.concurrency > 256) {
    return base::fail(ErrorCode::kInvalid, "concurrency: got " + std::to_string(from.concurrency) + "; need 1 to 256");
  }
  if (from.log_level < KGW_LOG_TRACE || from.log_level > KGW_LOG_OFF) {
    return base::fail(ErrorCode::kInvalid,
                      "log_level: got " + std::to_string(from.log_level) + "; need a kgw_log_level");
  }
  to.workers = from.concurrency;
  to.keep_going = from.keep_going != 0;
  to.log_level = static_cast<base::LogLevel>(from.log_level);
  to.log = from.log;
  to.log_user = from.log_user;
  to.seed = from.random_seed;
  if (to.seed == KGW_SEED_FROM_SYSTEM && getrandom(&to.seed, sizeof to.seed, 0) != sizeof to.seed) {
    return base::fail(ErrorCode::kIo, "random_seed: the system gave no random bytes");
  }
  if (auto read = read_lists(from, to); !read) return std::unexpected(read.error());
  if (auto read = read_internal_cidrs(from, to); !read) return std::unexpected(read.error());
  if (auto read = read_admin(from, to); !read) return std::unexpected(read.error());
  if (auto read = read_access_log(from, to); !read) return std::unexpected(read.error());
  return to;
}

} // namespace kgw::capi

extern "C" void kgw_gateway_options_init(kgw_gateway_options* options, size_t struct_size) {
  if (options == nullptr) return;
  kgw_gateway_options defaults{};
  defaults.struct_size = struct_size;
  defaults.host = kgw_cstr("127.0.0.1");
  defaults.concurrency = 1;
  defaults.log_level = KGW_LOG_INFO;
  defaults.random_seed = KGW_SEED_FROM_SYSTEM;
  std::memset(options, 0, struct_size);
  std::memcpy(options, &defaults, std::min(sizeof defaults, struct_size));
}
