#pragma once
// Endpoint sets by name.

#include <initializer_list>

#include "cluster/view.h"

namespace kgw::cluster {

inline EndpointSet set_of(std::initializer_list<const char*> texts) {
  EndpointSet set;
  for (const char* text : texts) set.push_back({.text = text});
  return set;
}

inline EndpointSet weighted(std::initializer_list<std::pair<const char*, uint32_t>> hosts) {
  EndpointSet set;
  for (const auto& [text, weight] : hosts) set.push_back({.weight = weight, .text = text});
  return set;
}

} // namespace kgw::cluster
