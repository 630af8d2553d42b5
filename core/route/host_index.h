#pragma once
// From a host name to the most specific pattern that covers it: precise, then the longest wildcard, then "any".

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kgw::route {

// Patterns are lower case: "a.b", "*.b" or "". The lookup is one walk over the host from its end, with one probe per
// label, whatever the number of patterns; it does not allocate and ignores the host's case.
class HostIndex {
 public:
  // The value of `pattern`: `fresh` if it was not there yet (and it is now), else the one it already has.
  int32_t insert(std::string_view pattern, int32_t fresh);
  // -1: no pattern covers the host.
  int32_t find(std::string_view host) const;

 private:
  struct Slot {
    uint64_t hash = 0;
    std::string name; // a wildcard stands here as its suffix ".b", which no precise name can equal
    int32_t value = -1;
  };
  int32_t probe(uint64_t hash, std::string_view name) const;
  void grow();

  std::vector<Slot> slots_; // open addressing, a power of two, at most half full; value -1 is free
  size_t used_ = 0;
  int32_t any_ = -1;
};

} // namespace kgw::route
