#pragma once
// Answers that the gateway makes itself.

#include <cstdint>
#include <string_view>

#include "base/arena.h"
#include "http/head.h"

namespace kgw::http {

enum class ReplyForm : uint8_t { kPlain, kGrpc };

// `application/grpc`, alone or followed by "+" (not grpc-web): local replies take the gRPC form.
ReplyForm reply_form_of(const Head& request);

struct LocalReply {
  uint16_t status = 500;
  std::string_view body;      // sent as text/plain; empty: no content-type
  bool overloaded = false;    // adds x-envoy-overloaded: true
  int8_t grpc_status = -1;    // in the gRPC form instead of what goes with `status`
  uint32_t attempt_count = 0; // adds x-envoy-attempt-count when not 0
};

// The head of a local reply: content-type and content-length when there is a body, `content-length: 0` otherwise (none
// on 204; for HEAD with an empty body chunked framing without a body, as Envoy), `date`, never `server`. In the gRPC
// form: 200, application/grpc, grpc-status and a percent-encoded grpc-message, no body (400->13, 401->16, 403->7,
// 404->12, 429/502/503/504->14, others 2). `date` is the ready IMF-fixdate text, empty for none. Fields live in the
// arena.
Head local_reply_head(const LocalReply& reply, ReplyForm form, bool head_request, std::string_view date,
                      base::Arena& arena);

} // namespace kgw::http
