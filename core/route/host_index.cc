#include "route/host_index.h"

#include "base/text.h"

namespace kgw::route {
namespace {

// FNV-1a from the last byte to the first, so that one pass over a host meets the hash of each of its suffixes.
constexpr uint64_t kStart = 0xcbf29ce484222325u;
constexpr uint64_t step(uint64_t hash, char c) {
  return (hash ^ static_cast<unsigned char>(base::lower(c))) * 0x100000001b3u;
}
constexpr uint64_t spread(uint64_t hash) { return hash ^ (hash >> 32); }

uint64_t hash_of(std::string_view name) {
  uint64_t hash = kStart;
  for (size_t i = name.size(); i-- > 0;) hash = step(hash, name[i]);
  return hash;
}

} // namespace

int32_t HostIndex::insert(std::string_view pattern, int32_t fresh) {
  if (pattern.empty()) return any_ < 0 ? any_ = fresh : any_;
  if (2 * (used_ + 1) > slots_.size()) grow();
  std::string_view name = pattern.starts_with("*.") ? pattern.substr(1) : pattern;
  uint64_t hash = hash_of(name);
  size_t mask = slots_.size() - 1, at = spread(hash) & mask;
  while (slots_[at].value >= 0) {
    if (slots_[at].hash == hash && slots_[at].name == name) return slots_[at].value;
    at = (at + 1) & mask;
  }
  slots_[at] = {hash, std::string(name), fresh};
  ++used_;
  return fresh;
}

int32_t HostIndex::find(std::string_view host) const {
  int32_t best = any_;
  if (used_ == 0 || host.empty()) return best;
  uint64_t hash = kStart;
  for (size_t i = host.size(); i-- > 0;) {
    hash = step(hash, host[i]);
    if (host[i] != '.' || i == 0) continue; // a wildcard needs at least one label before its suffix
    int32_t wildcard = probe(hash, host.substr(i));
    if (wildcard >= 0) best = wildcard;
  }
  int32_t precise = host.front() == '.' ? -1 : probe(hash, host);
  return precise >= 0 ? precise : best;
}

int32_t HostIndex::probe(uint64_t hash, std::string_view name) const {
  size_t mask = slots_.size() - 1;
  for (size_t at = spread(hash) & mask; slots_[at].value >= 0; at = (at + 1) & mask) {
    if (slots_[at].hash == hash && base::equal_ignore_case(slots_[at].name, name)) return slots_[at].value;
  }
  return -1;
}

void HostIndex::grow() {
  std::vector<Slot> old(slots_.empty() ? 8 : 2 * slots_.size());
  old.swap(slots_);
  size_t mask = slots_.size() - 1;
  for (Slot& slot : old) {
    if (slot.value < 0) continue;
    size_t at = spread(slot.hash) & mask;
    while (slots_[at].value >= 0) at = (at + 1) & mask;
    slots_[at] = std::move(slot);
  }
}

} // namespace kgw::route
