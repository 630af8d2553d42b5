#pragma once
// One request to the admin address and its answer, without sockets: what the resource tree is a function of.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"

namespace kgw::admin {

using Headers = std::vector<std::pair<std::string, std::string>>; // names in lower case

struct Request {
  std::string method; // HEAD arrives as GET; its body is left out by the connection
  std::string path;   // still percent-encoded, without query
  std::string query;  // without "?"
  std::string host;   // authority: of the target or the Host field
  Headers headers;
  std::string body;

  // The first field of this name, empty when there is none.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

// A body that grows while the connection lives. Pulled by the connection when there may be news and room for them, so
// that a slow reader costs no memory here.
class Stream {
 public:
  virtual ~Stream() = default;
  // Appends what is new to `out`. False: this was the last of it.
  virtual bool pull(Instant now, std::string& out) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  Headers headers;
  std::string body;
  std::unique_ptr<Stream> stream; // set: sent chunked behind `body`
};

using Done = std::move_only_function<void(Response)>;

} // namespace kgw::admin
