#pragma once
// One endpoint as a worker sees it. No atomics: it is that worker's alone, but for the health it points at.

#include <cstdint>
#include <utility>

#include "cluster/endpoint.h"

namespace kgw::cluster {

// As Envoy shows them on /clusters; rq_active also tells the least loaded.
struct HostStats {
  uint64_t cx_total = 0, cx_active = 0, cx_connect_fail = 0;
  uint64_t rq_total = 0, rq_active = 0, rq_pending_active = 0, rq_success = 0, rq_error = 0, rq_timeout = 0;

  HostStats& operator+=(const HostStats& other) {
    cx_total += other.cx_total;
    cx_active += other.cx_active;
    cx_connect_fail += other.cx_connect_fail;
    rq_total += other.rq_total;
    rq_active += other.rq_active;
    rq_pending_active += other.rq_pending_active;
    rq_success += other.rq_success;
    rq_error += other.rq_error;
    rq_timeout += other.rq_timeout;
    return *this;
  }
};

// Counted: the View holds one reference while the endpoint is in its set, each attempt one while it uses it.
struct Host {
  Endpoint endpoint;
  HostStats stats;
  uint32_t references = 1;
  bool in_set = true;
  double due = 0;                  // Balancer's, when weights differ: its next turn
  uint64_t turn = 0;               // and who is first among equals
  void* pool = nullptr;            // upstream's, per host
  void (*retire)(Host&) = nullptr; // called once, when the host left the set: its pool closes what is idle
};

class HostRef {
 public:
  HostRef() = default;
  explicit HostRef(Host* host) : host_(host) {
    if (host_ != nullptr) ++host_->references;
  }
  HostRef(const HostRef& other) : HostRef(other.host_) {}
  HostRef(HostRef&& other) noexcept : host_(other.host_) { other.host_ = nullptr; }
  HostRef& operator=(HostRef other) noexcept {
    std::swap(host_, other.host_);
    return *this;
  }
  ~HostRef() { reset(); }
  void reset() {
    if (host_ != nullptr && --host_->references == 0) delete host_;
    host_ = nullptr;
  }
  Host* get() const { return host_; }
  Host* operator->() const { return host_; }
  Host& operator*() const { return *host_; }
  explicit operator bool() const { return host_ != nullptr; }

 private:
  Host* host_ = nullptr;
};

} // namespace kgw::cluster
