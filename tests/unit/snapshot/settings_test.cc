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
