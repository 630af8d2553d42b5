#include "net/resolver.h"

#include <algorithm>

#include <sys/socket.h>

#include "net/ares_channel.h"

namespace kgw::net {
namespace {

using Done = std::move_only_function<void(Resolution)>;

class AresResolver final : public Resolver {
 public:
  explicit AresResolver(Loop& loop)
      : loop_(loop), deliver_([](void* self) { static_cast<AresResolver*>(self)->deliver(); }, this), channel_(loop) {}
  ~AresResolver() override {
    if (gone_ != nullptr) *gone_ = true;
  }
  base::Result<void> open(const ResolverOptions& options) { return channel_.open(options); }

  void resolve(const std::string& name, Done done) override;

 private:
  struct Query {
    AresResolver& resolver;
    std::string name;
    Done done;
    int family;
  };
  struct Finished {
    Done done;
    Resolution resolution;
  };
  void ask(std::unique_ptr<Query> query);
  void finish(Done done, Resolution resolution);
  void deliver();
  static void answered(void* query, int status, int timeouts, ares_addrinfo* result);

  Loop& loop_;
  std::vector<Finished> finished_;
  Task deliver_;
  bool* gone_ = nullptr; // deliver() wants to know
  AresChannel channel_;  // last: its end calls back
};

Resolution read_answer(const ares_addrinfo& answer) {
  Resolution out;
  int ttl = INT32_MAX;
  for (auto* alias = answer.cnames; alias != nullptr; alias = alias->next) ttl = std::min(ttl, alias->ttl);
  for (auto* node = answer.nodes; node != nullptr; node = node->ai_next) {
    Address address = from_sockaddr(node->ai_addr);
    address.port = 0;
    out.addresses.push_back(address);
    ttl = std::min(ttl, node->ai_ttl);
  }
  out.ok = !out.addresses.empty();
  out.ttl = base::seconds(out.ok ? ttl : 0);
  return out;
}

Resolution numeric(const Address& address) { return {.ok = true, .error = {}, .addresses = {address}, .ttl = {}}; }

// A machine whose hosts file forgot it still has it (RFC 6761 6.3).
Resolution failed(const std::string& name, int status) {
  if (name == "localhost") return numeric(*parse_address("127.0.0.1", 0));
  return {.ok = false, .error = ares_strerror(status), .addresses = {}, .ttl = {}};
}

void AresResolver::resolve(const std::string& name, Done done) {
  if (auto address = parse_address(name, 0)) return finish(std::move(done), numeric(*address));
  ask(std::unique_ptr<Query>(new Query{*this, name, std::move(done), AF_INET}));
}

void AresResolver::ask(std::unique_ptr<Query> query) {
  Query* asked = query.release(); // answered() owns it: c-ares calls it exactly once
  channel_.getaddrinfo(asked->name.c_str(), asked->family, answered, asked);
}

void AresResolver::answered(void* context, int status, int, ares_addrinfo* result) {
  std::unique_ptr<Query> query{static_cast<Query*>(context)};
  std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> owned{result, ares_freeaddrinfo};
  if (status == ARES_EDESTRUCTION) return;
  AresResolver& resolver = query->resolver;
  if (status == ARES_SUCCESS && result->nodes == nullptr) status = ARES_ENODATA;
  if (status == ARES_SUCCESS) return resolver.finish(std::move(query->done), read_answer(*result));
  bool nothing_there = status == ARES_ENODATA || status == ARES_ENOTFOUND;
  if (nothing_there && query->family == AF_INET) {
    query->family = AF_INET6;
    return resolver.ask(std::move(query));
  }
  resolver.finish(std::move(query->done), failed(query->name, status));
}

void AresResolver::finish(Done done, Resolution resolution) {
  finished_.push_back({std::move(done), std::move(resolution)});
  loop_.post(deliver_);
}

// A callback may destroy the resolver; then the others are not called.
void AresResolver::deliver() {
  std::vector<Finished> finished;
  finished.swap(finished_);
  bool gone = false;
  gone_ = &gone;
  for (auto& one : finished) {
    one.done(std::move(one.resolution));
    if (gone) return;
  }
  gone_ = nullptr;
}

} // namespace

base::Result<std::unique_ptr<Resolver>> make_resolver(Loop& loop, const ResolverOptions& options) {
  auto resolver = std::make_unique<AresResolver>(loop);
  auto opened = resolver->open(options);
  if (!opened) return std::unexpected(std::move(opened.error()));
  return resolver;
}

} // namespace kgw::net
