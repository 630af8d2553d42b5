#pragma once
// GET ?watch=true: an endless answer, one JSON object a line.

#include <set>

#include "admin/control_plane.h"
#include "admin/kube/call.h"
#include "admin/kube/selector.h"

namespace kgw::admin::kube {

// `plane` outlives the answer's stream.
Response watch(const ControlPlane& plane, Call call);

// What one watcher has seen so far. It keeps a position in the plane's bounded log and pulls from there, so that a
// watcher that does not read costs nothing; one that falls behind the log is told so (410) and ended.
class WatchStream final : public Stream {
 public:
  struct Options {
    uint64_t after = 0;            // begin behind this resourceVersion
    bool initial = false;          // ADDED for everything there is comes first
    bool initial_end_mark = false; // and a bookmark behind it that says so
    bool bookmarks = false;
    Duration timeout = base::kNone;
  };
  WatchStream(const ControlPlane& plane, Call call, Selector selector, Options options);
  bool pull(Instant now, std::string& out) override;

 private:
  bool start(Instant now, std::string& out);
  void send_initial(std::string& out);
  bool remember_matching();
  bool send_changes(std::string& out);
  void send_change(const std::string& type, const Json& object, std::string& out);
  void send(const std::string& type, const Json& object, std::string& out) const;
  void send_bookmark(bool initial_end, std::string& out) const;
  void send_expired(std::string& out) const;
  uint64_t current_version() const { return plane_.resource_version ? plane_.resource_version() : 0; }

  const ControlPlane& plane_;
  Call call_;
  Selector selector_;
  Options options_;
  uint64_t position_ = 0;
  // With a selector that objects can start and stop to match: those that match now, by namespace and name.
  std::set<std::pair<std::string, std::string>> matching_;
  bool started_ = false;
  int64_t first_s_ = 0;
  Instant first_{}, deadline_ = base::kNever, next_bookmark_ = base::kNever;
};

} // namespace kgw::admin::kube
