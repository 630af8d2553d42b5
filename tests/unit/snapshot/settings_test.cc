#include "snapshot/settings.h"

#include <gtest/gtest.h>

namespace kgw::snapshot {
namespace {

TEST(Settings, DefaultsAreWithinTheirOwnBounds) {
  for (const SettingRow& row : setting_rows()) {
    EXPECT_LE(row.least, row.value) << row.name;
    EXPECT_GE(row.most, row.value) << row.name;
    EXPECT_LE(row.least, row.edge) << row.name;
    EXPECT_GE(row.most, row.edge) << row.name;
    EXPECT_FALSE(row.meaning.empty()) << row.name;
  }
}

TEST(Settings, SetsByNameWithinBounds) {
  Settings settings = base_settings(false);
  ASSERT_TRUE(set_setting(settings, "max_retries", "7"));
  EXPECT_EQ(settings.cluster.max_retries, 7);
  ASSERT_TRUE(set_setting(settings, "normalize_path", "off"));
  EXPECT_EQ(settings.listener.normalize_path, 0);
  EXPECT_FALSE(set_setting(settings, "accepts_per_turn", "0"));
  EXPECT_TRUE(set_setting(settings, "accepts_per_turn", "1"));
  EXPECT_FALSE(set_setting(settings, "accepts_per_turn", "1025"));
  EXPECT_FALSE(set_setting(settings, "accepts_per_turn", "1k"));
}

TEST(Settings, WordsAndFields) {
  Settings settings;
  ASSERT_TRUE(set_setting(settings, "attempt_count_headers", "response"));
  EXPECT_EQ(settings.route.attempt_count_headers, 2);
  auto wrong = set_setting(settings, "attempt_count_headers", "3");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().text, "attempt_count_headers: got \"3\"; need one of off, request, response, both");
  ASSERT_TRUE(set_setting(settings, Scope::kRoute, "retriable_headers", "X-Again, x-why = busy ,"));
  EXPECT_EQ(settings.route.retriable_headers,
            (std::vector<retry::FieldMatch>{{.name = "x-again"}, {.name = "x-why", .value = "busy"}}));
  wrong = set_setting(settings, "retriable_headers", "x-a, b c");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().text, "retriable_headers: got \"b c\"; need field names or name=value, separated by commas");
  EXPECT_TRUE(set_setting(settings, "retriable_headers", ""));
  EXPECT_TRUE(settings.route.retriable_headers.empty());
}

TEST(Settings, UnknownNamesAreAnsweredWithTheNearest) {
  Settings settings;
  auto result = set_setting(settings, "max_retrys", "7");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().text, "unknown setting \"max_retrys\"; did you mean \"max_retries\"?");
  result = set_setting(settings, Scope::kRoute, "max_retries", "7");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().text.find("has cluster scope"), std::string::npos);
}

} // namespace
} // namespace kgw::snapshot
