#include "admin/kube/strategic.h"

#include <algorithm>
#include <string>

namespace kgw::admin::kube {

namespace {

constexpr std::string_view kOrder = "$setElementOrder/", kDeleteValues = "$deleteFromPrimitiveList/";

// The lists that merge by key, of the kinds that mean something here.
std::string_view merge_key(std::string_view kind, std::string_view path) {
  return kind == "Service" && path == "/spec/ports" ? "port" : "";
}

bool directive(const Json& value, std::string_view wanted) { return text_at(value, {"$patch"}) == wanted; }

class Merge {
 public:
  explicit Merge(std::string_view kind) : kind_(kind) {}

  Json object(Json target, const Json& patch, const std::string& path) const {
    if (!target.is_object() || directive(patch, "replace")) target = Json::object();
    for (const auto& [key, value] : patch.items()) {
      if (!key.starts_with('$')) {
        member(target, key, value, path + "/" + key);
      } else if (key.starts_with(kDeleteValues)) {
        delete_values(target, key.substr(kDeleteValues.size()), value);
      }
    }
    // Only now do the lists have all their elements.
    for (const auto& [key, value] : patch.items()) {
      if (key.starts_with(kOrder)) set_order(target, key.substr(kOrder.size()), value, path);
    }
    return target;
  }

 private:
  void member(Json& target, const std::string& key, const Json& value, const std::string& path) const {
    if (value.is_null() || directive(value, "delete")) {
      target.erase(key);
    } else if (value.is_object()) {
      target[key] = object(std::move(target[key]), value, path);
    } else if (value.is_array()) {
      target[key] = list(std::move(target[key]), value, path);
    } else {
      target[key] = value;
    }
  }

  Json list(Json target, const Json& patch, const std::string& path) const {
    std::string_view key = merge_key(kind_, path);
    bool replace =
        key.empty() || std::ranges::any_of(patch, [](const Json& item) { return directive(item, "replace"); });
    if (!target.is_array() || replace) target = Json::array();
    for (const Json& item : patch) {
      if (directive(item, "replace")) continue;
      if (key.empty()) {
        target.push_back(item);
      } else {
        keyed_item(target, item, key, path);
      }
    }
    return target;
  }

  void keyed_item(Json& target, const Json& item, std::string_view key, const std::string& path) const {
    auto same = [&](const Json& other) {
      return other.is_object() && item.is_object() && other.value(key, Json()) == item.value(key, Json());
    };
    auto found = std::ranges::find_if(target, same);
    if (directive(item, "delete")) {
      if (found != target.end()) target.erase(found);
    } else if (found != target.end()) {
      *found = object(std::move(*found), item, path);
    } else {
      target.push_back(item);
    }
  }

  static void delete_values(Json& target, const std::string& key, const Json& values) {
    auto list = target.find(key);
    if (list == target.end() || !list->is_array() || !values.is_array()) return;
    Json kept = Json::array();
    for (const Json& item : *list) {
      if (std::ranges::find(values, item) == values.end()) kept.push_back(item);
    }
    *list = std::move(kept);
  }

  // The named elements first, in the order given; elements that the writer did not know of behind them.
  void set_order(Json& target, const std::string& key, const Json& order, const std::string& path) const {
    auto list = target.find(key);
    std::string_view by = merge_key(kind_, path + "/" + key);
    if (list == target.end() || !list->is_array() || !order.is_array() || by.empty()) return;
    auto rank = [&](const Json& item) {
      auto named = std::ranges::find_if(order, [&](const Json& other) {
        return other.is_object() && item.is_object() && other.value(by, Json()) == item.value(by, Json());
      });
      return named - order.begin();
    };
    std::ranges::stable_sort(list->get_ref<Json::array_t&>(), {}, rank);
  }

  std::string_view kind_;
};

} // namespace

Json strategic_merge(Json target, const Json& patch, std::string_view kind) {
  return Merge(kind).object(std::move(target), patch, "");
}

} // namespace kgw::admin::kube
