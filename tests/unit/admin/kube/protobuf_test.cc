#include "admin/kube/protobuf.h"

#include <gtest/gtest.h>

namespace kgw::admin::kube {
namespace {

std::string field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}
std::string number(int field_number, char value) { return {static_cast<char>(field_number << 3), value}; }
std::string envelope(const std::string& kind, const std::string& raw) {
  return std::string("k8s\0", 4) + field(1, field(1, "v1") + field(2, kind)) + field(2, raw);
}
std::string meta(const std::string& name) {
  return field(1, field(1, name) + field(2, "") + field(11, field(1, "k") + field(2, "v")));
}

TEST(Protobuf, Namespace) {
  EXPECT_EQ(*object_from_protobuf(envelope("Namespace", meta("n")), "Namespace"),
            Json::parse(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n","labels":{"k":"v"}}})"));
}

TEST(Protobuf, SecretsAreBase64) {
  std::string raw = meta("s") + field(2, field(1, "a") + field(2, "1")) + field(2, field(1, "b") + field(2, "12")) +
                    field(2, field(1, "c") + field(2, "123")) + field(2, field(1, "d")) + field(3, "Opaque");
  Json secret = *object_from_protobuf(envelope("Secret", raw), "Secret");
  EXPECT_EQ(secret["data"], Json::parse(R"({"a":"MQ==","b":"MTI=","c":"MTIz","d":""})"));
  EXPECT_EQ(secret["type"], "Opaque");
}

TEST(Protobuf, Service) {
  std::string port =
      field(1, "web") + number(3, 80) + field(4, number(1, 0) + number(2, 90) + field(3, "")) + number(5, 0);
  std::string named = number(3, 81) + field(4, number(1, 1) + number(2, 0) + field(3, "x"));
  std::string raw =
      meta("s") + field(2, field(1, port) + field(1, named) + field(2, field(1, "app") + field(2, "a")) + field(3, ""));
  EXPECT_EQ(
      (*object_from_protobuf(envelope("Service", raw), "Service"))["spec"],
      Json::parse(
          R"({"ports":[{"name":"web","port":80,"targetPort":90},{"port":81,"targetPort":"x"}],"selector":{"app":"a"}})"));
}

TEST(Protobuf, BrokenOrUnknownIsNothing) {
  std::string good = envelope("Namespace", meta("n"));
  EXPECT_FALSE(object_from_protobuf(good, "Deployment"));
  EXPECT_FALSE(object_from_protobuf("", "Namespace"));
  EXPECT_FALSE(object_from_protobuf("k8s", "Namespace"));
  for (size_t length = 4; length < good.size(); ++length) object_from_protobuf(good.substr(0, length), "Namespace");
  std::string wrong_length = good;
  wrong_length.back() = '\x7f';
  wrong_length[5] = '\x7f';
  EXPECT_FALSE(object_from_protobuf(wrong_length, "Namespace"));
  EXPECT_FALSE(object_from_protobuf(std::string("k8s\0", 4) + std::string(20, '\xff'), "Namespace"));
}

} // namespace
} // namespace kgw::admin::kube
