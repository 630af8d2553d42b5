#include <gtest/gtest.h>

#include "route/host_index.h"
#include "route/table.h"

namespace kgw::route {
namespace {

TEST(Hostname, AWildcardCoversOneOrMoreLabelsAndNeverItsOwnDomain) {
  EXPECT_TRUE(hostname_covers("*.example.com", "a.example.com"));
  EXPECT_TRUE(hostname_covers("*.example.com", "a.b.example.com"));
  EXPECT_FALSE(hostname_covers("*.example.com", "example.com"));
  EXPECT_FALSE(hostname_covers("*.example.com", ".example.com"));
  EXPECT_FALSE(hostname_covers("*.example.com", "aexample.com"));
}

TEST(Hostname, NothingCoversEverything) {
  EXPECT_TRUE(hostname_covers("", "any.thing"));
  EXPECT_TRUE(hostname_covers("", ""));
  EXPECT_TRUE(hostname_covers("a.b", "a.b"));
  EXPECT_FALSE(hostname_covers("a.b", "c.b"));
}

struct Case {
  const char *listener, *route;
  bool ok;
  const char* hostname;
};

TEST(Hostname, Intersections) {
  const Case cases[] = {
      {"", "", true, ""},
      {"a.b", "", true, "a.b"},
      {"", "*.b", true, "*.b"},
      {"a.b", "a.b", true, "a.b"},
      {"*.b", "a.b", true, "a.b"},
      {"a.b", "*.b", true, "a.b"},
      {"*.c.b", "*.b", true, "*.c.b"},
      {"*.b", "*.c.b", true, "*.c.b"},
      {"*.b", "*.b", true, "*.b"},
      {"*.b", "b", false, ""},
      {"a.b", "c.b", false, ""},
      {"*.b", "*.c", false, ""},
  };
  for (const Case& c : cases) {
    Intersection found = intersect_hostnames(c.listener, c.route);
    EXPECT_EQ(found.ok, c.ok) << c.listener << " and " << c.route;
    EXPECT_EQ(found.hostname, c.hostname) << c.listener << " and " << c.route;
  }
}

TEST(HostIndex, PreciseThenLongestWildcardThenAny) {
  HostIndex index;
  EXPECT_EQ(index.find("a.b"), -1);
  EXPECT_EQ(index.insert("*.example.com", 1), 1);
  EXPECT_EQ(index.insert("*.b.example.com", 2), 2);
  EXPECT_EQ(index.insert("a.b.example.com", 3), 3);
  EXPECT_EQ(index.find("other"), -1);
  EXPECT_EQ(index.insert("", 4), 4);
  EXPECT_EQ(index.insert("*.example.com", 9), 1) << "a pattern keeps its first value";
  EXPECT_EQ(index.insert("", 9), 4);
  EXPECT_EQ(index.find("A.B.Example.com"), 3);
  EXPECT_EQ(index.find("c.b.example.com"), 2);
  EXPECT_EQ(index.find("b.example.com"), 1);
  EXPECT_EQ(index.find("example.com"), 4);
  EXPECT_EQ(index.find(".example.com"), 4) << "a wildcard's suffix is not a name";
  EXPECT_EQ(index.find(""), 4);
}

} // namespace
} // namespace kgw::route
