#pragma once
// Messages that say what they are, so that whoever gets one sees whether it is his, and whole.

#include <functional>
#include <string>

#include "support/h2_peer.h"

namespace kgw::test {

struct Label {
  std::string id; // of the request; its answer bears it too
  uint64_t salt = 0;
  size_t bytes = 0; // of the body
  bool trailers = false;

  std::string content() const;
  H2Fields fields() const;         // of the head
  H2Fields trailer_fields() const; // none without trailers
};

using FieldOf = std::function<std::string(std::string_view name)>;
// What is wrong with a message of the request `id`; empty: nothing. `whole`: nothing more comes.
std::string wrong_with(std::string_view id, const FieldOf& head, std::string_view body, const FieldOf& trailers,
                       bool whole);

} // namespace kgw::test
