#pragma once
// Where an exchange's answer goes. The driver knows nothing more about its client: an HTTP/1 exchange, an HTTP/2
// stream, an in-process call and a mirror are all Sinks.

#include <cstdint>
#include <span>

#include "http/head.h"

namespace kgw::proxy {

class Sink {
 public:
  virtual void inform(const http::Head& head) = 0;
  // `early`: the request has not been received to its end; the client is told that the connection will close.
  virtual void head(const http::Head& head, bool end, bool early) = 0;
  virtual void data(std::span<const char> data, bool end) = 0;
  virtual void trailers(const http::Head* trailers) = 0; // ends the message; null: none
  virtual void abort() = 0;                              // breaks a response that has begun, visibly
  virtual size_t queued() const = 0;                     // bytes the client has not taken
  virtual void pause_request() = 0;                      // stop reading the request's body
  virtual void resume_request() = 0;
  virtual void done() = 0; // the exchange is over and forgets the sink

 protected:
  ~Sink() = default;
};

} // namespace kgw::proxy
