#include <gtest/gtest.h>

#include "http/target.h"

namespace kgw::http {
namespace {

TEST(NormalizePath, AsEnvoy) {
  const std::pair<const char*, const char*> rows[] = {
      {"/", "/"},
      {"*", "*"},
      {"/a/b?x=/../%61//", "/a/b?x=/../%61//"}, // the query is untouched
      {"/a//b", "/a/b"},
      {"///", "/"},
      {"/a/./b", "/a/b"},
      {"/a/../b?q", "/b?q"},
      {"/a/b/..", "/a/"},
      {"/a/.", "/a/"},
      {"/.", "/"},
      {"/a/..", "/"},
      {"/a/...", "/a/..."},
      {"/a/.b/..c", "/a/.b/..c"},
      {"/.well-known/x", "/.well-known/x"},
      {"/a//../b", "/a/b"}, // dot segments before slashes
      {"/%61%2D%7e", "/a-~"},
      {"/%2e%2E/x/..", nullptr},
      {"/a/%2e%2e/b", "/b"},
      {"/a/%2e/b", "/a/b"},
      {"/a%2fb%2F..", "/a%2fb%2F.."},
      {"/a\\b\\..\\c", "/a/c"},
      {"/a%5cb", "/a%5cb"},
      {"/a%20b%C3%A4", "/a%20b%C3%A4"},
      {"/%252e%252e/", "/%252e%252e/"}, // decoded once
      {"/100%", "/100%"},
      {"/%zz%4", "/%zz%4"},
      {"/%%7e", "/%~"},
      {"/..", nullptr},
      {"/a/../..", nullptr},
      {"/%00", nullptr},
      {"/%%32e", nullptr}, // would become an escape
      {"/%2%65", nullptr},
  };
  for (auto [input, expected] : rows) {
    base::Arena arena;
    auto normal = normalize_path(input, arena);
    ASSERT_EQ(normal.has_value(), expected != nullptr) << input;
    if (expected == nullptr) continue;
    EXPECT_EQ(*normal, expected) << input;
    auto again = normalize_path(*normal, arena);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->data(), normal->data()) << input; // what is normal is returned itself
  }
}

} // namespace
} // namespace kgw::http
