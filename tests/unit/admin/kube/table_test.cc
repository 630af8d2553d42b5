#include "admin/kube/table.h"

#include <gtest/gtest.h>

namespace kgw::admin::kube {
namespace {

TEST(Age, IsWrittenAsKubernetesDoes) {
  auto age = [](int64_t seconds) { return age_text("1970-01-02T00:00:00Z", 86400 + seconds); };
  EXPECT_EQ(age(-5), "0s");
  EXPECT_EQ(age(119), "119s");
  EXPECT_EQ(age(120), "2m");
  EXPECT_EQ(age(121), "2m1s");
  EXPECT_EQ(age(600), "10m");
  EXPECT_EQ(age(3 * 3600 + 60), "3h1m");
  EXPECT_EQ(age(8 * 3600 + 60), "8h");
  EXPECT_EQ(age(49 * 3600), "2d1h");
  EXPECT_EQ(age(8 * 86400), "8d");
  EXPECT_EQ(age(800 * 86400), "2y70d");
  EXPECT_EQ(age_text("yesterday", 0), "<unknown>");
  EXPECT_EQ(age_text("", 0), "<unknown>");
}

TEST(Cell, FollowsItsPointer) {
  Json object = Json::parse(R"({"spec": {"port": 80, "hosts": ["a", "b"]},
    "status": {"conditions": [{"type": "Accepted", "status": "True"}, {"type": "Programmed", "status": "False"}]}})");
  EXPECT_EQ(cell(object, "/spec/port"), "80");
  EXPECT_EQ(cell(object, "/spec/hosts"), R"(["a","b"])");
  EXPECT_EQ(cell(object, "/spec/hosts/*"), "a,b");
  EXPECT_EQ(cell(object, "/status/conditions/type=Programmed/status"), "False");
  EXPECT_EQ(cell(object, "/status/conditions/type=Other/status"), nullptr);
  EXPECT_EQ(cell(object, "/spec/hosts/name"), nullptr);
  EXPECT_EQ(cell(object, "/nothing/here"), nullptr);
}

} // namespace
} // namespace kgw::admin::kube
