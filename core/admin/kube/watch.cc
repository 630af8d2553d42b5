#include "admin/kube/watch.h"

#include <charconv>

#include <fmt/format.h>

#include "admin/json.h"
#include "admin/kube/render.h"
#include "admin/kube/status.h"

namespace kgw::admin::kube {

namespace {

constexpr Duration kBookmarkPeriod = base::seconds(60);

std::pair<std::string, std::string> key_of(const Json& object) {
  return {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})};
}

// A decimal number; an absent one is 0.
bool read_number(const std::string& text, uint64_t& out) {
  if (text.empty()) return true;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

Response watch(const ControlPlane& plane, Call call) {
  if (!plane.list || !plane.changes_after) return unknown_path();
  std::string fields = call.query.get("fieldSelector");
  if (!call.collection()) fields = "metadata.name=" + call.id.name;
  auto selector = Selector::parse(call.query.get("labelSelector"), fields);
  if (!selector) return bad_request(selector.error().text);
  WatchStream::Options options;
  uint64_t timeout_s = 0;
  if (!read_number(call.query.get("resourceVersion"), options.after)) return bad_request("invalid resourceVersion");
  if (!read_number(call.query.get("timeoutSeconds"), timeout_s)) return bad_request("invalid timeoutSeconds");
  if (timeout_s != 0) options.timeout = base::seconds(std::min(timeout_s, uint64_t{24} * 3600));
  options.initial_end_mark = call.query.flag("sendInitialEvents");
  options.initial = options.after == 0 || options.initial_end_mark;
  options.bookmarks = call.query.flag("allowWatchBookmarks");
  call.id.name.clear();
  Response response;
  response.stream = std::make_unique<WatchStream>(plane, std::move(call), *std::move(selector), options);
  return response;
}

WatchStream::WatchStream(const ControlPlane& plane, Call call, Selector selector, Options options)
    : plane_(plane), call_(std::move(call)), selector_(std::move(selector)), options_(options), first_s_(call_.now_s) {}

bool WatchStream::pull(Instant now, std::string& out) {
  if (!started_ && !start(now, out)) return false;
  call_.now_s = first_s_ + std::chrono::duration_cast<base::seconds>(now - first_).count();
  if (!send_changes(out)) return false;
  if (now >= deadline_) return false;
  if (now >= next_bookmark_) {
    send_bookmark(false, out);
    next_bookmark_ = now + kBookmarkPeriod;
  }
  return true;
}

bool WatchStream::start(Instant now, std::string& out) {
  started_ = true;
  first_ = now;
  if (options_.timeout != base::kNone) deadline_ = now + options_.timeout;
  if (options_.bookmarks) next_bookmark_ = now + kBookmarkPeriod;
  if (options_.initial) {
    send_initial(out);
    return true;
  }
  position_ = options_.after;
  if (position_ > current_version() || !remember_matching()) {
    send_expired(out);
    return false;
  }
  return true;
}

void WatchStream::send_initial(std::string& out) {
  position_ = current_version();
  for (const Json& object : plane_.list(call_.id)) {
    if (!selector_.matches(object)) continue;
    if (selector_.can_change()) matching_.insert(key_of(object));
    send("ADDED", object, out);
  }
  if (options_.initial_end_mark) send_bookmark(true, out);
}

// What matched at the position asked for: what matches now, and (as it cannot be known) what has changed since, unless
// it only came after. A DELETED too many is harmless, one too few is not.
bool WatchStream::remember_matching() {
  if (!selector_.can_change()) return true;
  std::vector<std::pair<std::string, Json>> changes;
  if (!plane_.changes_after(call_.id, position_, changes)) return false;
  for (const Json& object : plane_.list(call_.id)) {
    if (selector_.matches(object)) matching_.insert(key_of(object));
  }
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->first == "ADDED") {
      matching_.erase(key_of(change->second));
    } else {
      matching_.insert(key_of(change->second));
    }
  }
  return true;
}

bool WatchStream::send_changes(std::string& out) {
  uint64_t until = current_version();
  if (until == position_) return true;
  std::vector<std::pair<std::string, Json>> changes;
  if (!plane_.changes_after(call_.id, position_, changes)) {
    send_expired(out);
    return false;
  }
  for (const auto& [type, object] : changes) send_change(type, object, out);
  position_ = until;
  return true;
}

// An object that stops to match is gone for this watcher, one that starts to match is new.
void WatchStream::send_change(const std::string& type, const Json& object, std::string& out) {
  bool matches = selector_.matches(object);
  if (!selector_.can_change()) {
    if (matches) send(type, object, out);
    return;
  }
  auto key = key_of(object);
  if (matches && type != "DELETED") {
    send(matching_.insert(key).second ? "ADDED" : "MODIFIED", object, out);
  } else if (matching_.erase(key) != 0) {
    send("DELETED", object, out);
  }
}

void WatchStream::send(const std::string& type, const Json& object, std::string& out) const {
  bool as_table = form_of(call_.request) == Form::kTable && type != "ERROR";
  Json event{{"type", type}};
  event["object"] = as_table ? table_for(call_, {object}, text_at(object, {"metadata", "resourceVersion"})) : object;
  out += dump(event);
  out += '\n';
}

void WatchStream::send_bookmark(bool initial_end, std::string& out) const {
  Json metadata{{"resourceVersion", std::to_string(position_)}};
  if (initial_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  bool as_table = form_of(call_.request) == Form::kTable;
  Json object = as_table ? table_for(call_, {}, std::to_string(position_)) : Json::object();
  if (!as_table) object = {{"kind", call_.kind.kind}, {"apiVersion", call_.api_version()}};
  object["metadata"] = std::move(metadata);
  out += dump({{"type", "BOOKMARK"}, {"object", std::move(object)}});
  out += '\n';
}

void WatchStream::send_expired(std::string& out) const {
  send("ERROR", expired(fmt::format("too old resource version: {} ({})", position_, current_version())), out);
}

} // namespace kgw::admin::kube
