#pragma once
// A doubly linked list whose links live in the elements: no allocation, O(1) removal, an element knows whether it is
// in.

#include "base/result.h"

namespace kgw::base {

template <typename Tag = void> struct ListLink {
  ListLink* prev = nullptr;
  ListLink* next = nullptr;
  ListLink() = default;
  ListLink(const ListLink&) = delete;
  ListLink& operator=(const ListLink&) = delete;
  ~ListLink() { unlink(); }
  bool linked() const { return next != nullptr; }
  void unlink() {
    if (!linked()) return;
    prev->next = next;
    next->prev = prev;
    prev = next = nullptr;
  }
};

// T derives from ListLink<Tag>. The list does not own its elements; it must be empty, or its elements gone, at the end.
template <typename T, typename Tag = void> class IntrusiveList {
  using Link = ListLink<Tag>;

 public:
  IntrusiveList() { head_.prev = head_.next = &head_; }
  ~IntrusiveList() {
    clear();
    head_.prev = head_.next = nullptr;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;

  bool empty() const { return head_.next == &head_; }
  T* front() { return empty() ? nullptr : static_cast<T*>(head_.next); }
  T* back() { return empty() ? nullptr : static_cast<T*>(head_.prev); }
  void push_front(T& item) { insert(head_.next, item); }
  void push_back(T& item) { insert(&head_, item); }
  T* pop_front() {
    T* item = front();
    if (item != nullptr) static_cast<Link*>(item)->unlink();
    return item;
  }
  static void remove(T& item) { static_cast<Link&>(item).unlink(); }
  T* next(T& item) {
    auto* link = static_cast<Link&>(item).next;
    return link == &head_ ? nullptr : static_cast<T*>(link);
  }
  void clear() {
    while (pop_front() != nullptr) {
    }
  }
  // Takes all elements of `other`, in order, behind its own.
  void splice_back(IntrusiveList& other) {
    if (other.empty()) return;
    other.head_.next->prev = head_.prev;
    head_.prev->next = other.head_.next;
    other.head_.prev->next = &head_;
    head_.prev = other.head_.prev;
    other.head_.prev = other.head_.next = &other.head_;
  }

 private:
  void insert(Link* before, T& item) {
    Link& link = static_cast<Link&>(item);
    KGW_ASSERT(!link.linked());
    link.prev = before->prev;
    link.next = before;
    before->prev->next = &link;
    before->prev = &link;
  }
  Link head_;
};

} // namespace kgw::base
