#include "http/local_reply.h"

#include <gtest/gtest.h>

#include "unit/http/text_head.h"

namespace kgw::http::test {
namespace {

struct Made {
  uint16_t status;
  int64_t length;
  Framing framing;
  std::string fields;
};

Made made(const LocalReply& reply, ReplyForm form = ReplyForm::kPlain, bool head_request = false,
          std::string_view date = {}) {
  base::Arena arena;
  Head head = local_reply_head(reply, form, head_request, date, arena);
  return {head.status, head.content_length, head.framing, text_of(head)};
}

TEST(LocalReply, WithBody) {
  Made reply = made({.status = 503, .body = "no healthy upstream", .overloaded = true, .attempt_count = 3},
                    ReplyForm::kPlain, false, "D");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.length, 19);
  EXPECT_EQ(reply.fields, "content-type=text/plain;date=D;x-envoy-overloaded=true;x-envoy-attempt-count=3;");
}

TEST(LocalReply, WithoutBody) {
  EXPECT_EQ(made({.status = 404}).length, 0);
  EXPECT_EQ(made({.status = 404}).fields, "");
  EXPECT_EQ(made({.status = 204}).length, -1);
  EXPECT_EQ(made({.status = 404}, ReplyForm::kPlain, true).length, -1);
  EXPECT_EQ(made({.status = 404}, ReplyForm::kPlain, true).framing, Framing::kChunked);
}

TEST(LocalReply, GrpcForm) {
  const std::pair<int, const char*> rows[] = {{400, "13"}, {401, "16"}, {403, "7"},  {404, "12"},
                                              {429, "14"}, {502, "14"}, {503, "14"}, {504, "14"},
                                              {408, "2"},  {507, "2"},  {204, "2"}};
  for (auto [status, grpc] : rows) {
    Made reply = made({.status = static_cast<uint16_t>(status)}, ReplyForm::kGrpc);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.length, -1);
    EXPECT_EQ(reply.fields, std::string("content-type=application/grpc;grpc-status=") + grpc + ";") << status;
  }
  EXPECT_EQ(made({.status = 503, .body = "a% b\n\xc3"}, ReplyForm::kGrpc).fields,
            "content-type=application/grpc;grpc-status=14;grpc-message=a%25 b%0A%C3;");
}

TEST(LocalReply, FormByContentType) {
  auto form = [](const char* type) {
    base::Arena arena;
    return reply_form_of(make_head(arena, {{"content-type", type}}));
  };
  EXPECT_EQ(form("application/grpc"), ReplyForm::kGrpc);
  EXPECT_EQ(form("application/grpc+proto"), ReplyForm::kGrpc);
  EXPECT_EQ(form("application/grpc-web"), ReplyForm::kPlain);
  EXPECT_EQ(form("application/json"), ReplyForm::kPlain);
  EXPECT_EQ(reply_form_of(Head{}), ReplyForm::kPlain);
}

} // namespace
} // namespace kgw::http::test
