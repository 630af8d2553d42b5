#pragma once
// What a policy does that its author may not expect. Nothing here changes the policy.

#include "config/translate_policies.h"

namespace kgw::config {

// A rule with everything that governs it; a source is null where none gave the option.
struct Governed {
  const StoredObject& route;
  size_t rule_index;
  const Source *retries, *timeout, *stream;
  const snapshot::ActionSpec& action;
};
void advise(const Governed& governed, Warnings& warnings);

} // namespace kgw::config
