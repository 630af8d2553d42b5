// Every file that the documentation points at loads without a word.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "unit/config/load.h"

namespace kgw::config {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Examples, EachFileLoadsWithoutAWarning) {
  int objects = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(KGW_SOURCE_DIR "/config/examples")) {
    if (entry.path().extension() != ".yaml") continue;
    ParsedText parsed = parse_text(read(entry.path()), entry.path().filename().string());
    for (const Diagnostic& problem : parsed.problems) ADD_FAILURE() << problem.line();
    for (const Document& document : parsed.documents) {
      Validated validated = validate(document, "");
      for (const Diagnostic& problem : validated.problems) ADD_FAILURE() << problem.line();
      objects += validated.object.has_value();
    }
  }
  EXPECT_GE(objects, 8);
}

TEST(Examples, TheGuidesTwoObjectsMeanWhatThePageSays) {
  const std::string folder = KGW_SOURCE_DIR "/config/examples/retry/";
  auto option = test::payload<RouteOption>(read(folder + "route-option.yaml"));
  ASSERT_TRUE(option.retries);
  EXPECT_EQ(option.retries->on, retry::kConnectFailure);
  EXPECT_EQ(option.retries->retries, 3u);
  EXPECT_EQ(option.retries->per_try_timeout, std::chrono::seconds(5));
  EXPECT_FALSE(option.timeout);

  auto route = test::payload<HttpRoute>(read(folder + "http-route.yaml"));
  ASSERT_EQ(route.rules.size(), 1u);
  EXPECT_EQ(route.hostnames, std::vector<std::string>{"retry.example"});
  ASSERT_EQ(route.rules[0].extension_refs.size(), 1u);
  EXPECT_EQ(route.rules[0].extension_refs[0].group, "gateway.solo.io");
  ASSERT_EQ(route.rules[0].backends.size(), 1u);
  EXPECT_EQ(route.rules[0].backends[0].port, 8000);
  EXPECT_EQ(route.rules[0].matches[0].path, "/");
}

} // namespace
} // namespace kgw::config
