#include "base/intrusive_list.h"

#include <vector>

#include <gtest/gtest.h>

namespace kgw::base {
namespace {

struct Item : ListLink<> {
  explicit Item(int n) : number(n) {}
  int number;
};

std::vector<int> numbers(IntrusiveList<Item>& list) {
  std::vector<int> out;
  for (Item* item = list.front(); item != nullptr; item = list.next(*item)) out.push_back(item->number);
  return out;
}

TEST(IntrusiveList, KeepsOrderAtBothEnds) {
  Item a(1), b(2), c(3);
  IntrusiveList<Item> list;
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.back(), nullptr);
  list.push_back(b);
  list.push_back(c);
  list.push_front(a);
  EXPECT_EQ(numbers(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(list.back(), &c);
  EXPECT_EQ(list.pop_front(), &a);
  EXPECT_FALSE(a.linked());
  list.clear();
}

TEST(IntrusiveList, AnElementLeavesWhenItDies) {
  IntrusiveList<Item> list;
  Item a(1);
  list.push_back(a);
  {
    Item b(2);
    list.push_back(b);
  }
  EXPECT_EQ(numbers(list), std::vector{1});
  IntrusiveList<Item>::remove(a);
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveList, SplicesInOrder) {
  Item a(1), b(2), c(3), d(4);
  IntrusiveList<Item> list, other;
  list.push_back(a);
  other.push_back(b);
  other.push_back(c);
  list.splice_back(other);
  EXPECT_TRUE(other.empty());
  list.splice_back(other);
  other.push_back(d);
  EXPECT_EQ(numbers(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(numbers(other), std::vector{4});
}

} // namespace
} // namespace kgw::base
