#include "config/readers.h"

namespace kgw::config {

DirectResponse read_direct_response(Fields& top) {
  Fields spec(top.get("spec", Need::kRequired));
  DirectResponse response;
  response.status = static_cast<uint16_t>(spec.integer("status", {200, 599}, Need::kRequired).value_or(200));
  response.body = spec.text("body", {.most = 4096});
  spec.later({"bodyFormat"});
  return response;
}

} // namespace kgw::config
