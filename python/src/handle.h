#pragma once
// Owners of the C API's objects. Every one of them is counted, so that a test can ask whether any is left.

#include <atomic>
#include <cstdint>
#include <memory>

#include <kgwcore/kgwcore.h>

namespace kgw::python {

inline std::atomic<int64_t> live_handles{0};

template <auto Free> struct Release {
  template <class T> void operator()(T* object) const {
    Free(object);
    --live_handles;
  }
};

template <class T, auto Free> using Handle = std::unique_ptr<T, Release<Free>>;

using Error = Handle<kgw_error, kgw_error_free>;
using Diagnostics = Handle<kgw_diagnostics, kgw_diagnostics_free>;
using Batch = Handle<kgw_batch, kgw_batch_free>;
using Results = Handle<kgw_results, kgw_results_free>;
using Text = Handle<kgw_text, kgw_text_free>;
using Attempts = Handle<kgw_attempts, kgw_attempts_free>;
using Stats = Handle<kgw_stats, kgw_stats_free>;
using Routes = Handle<kgw_routes, kgw_routes_free>;

// Takes over a new object; NULL gives an empty owner.
template <class Owner> Owner adopt(typename Owner::pointer object) {
  if (object) ++live_handles;
  return Owner(object);
}

} // namespace kgw::python
