#pragma once
// One request of a client connection, and the way back for its answer.

#include "base/intrusive_list.h"
#include "codec/server_codec.h"
#include "proxy/sink.h"

namespace kgw::proxy {

class Downstream;
class Exchange;

class ClientStream final : public Sink, public base::ListLink<ClientStream> {
 public:
  explicit ClientStream(Downstream& connection) : connection_(connection) {}

  void inform(const http::Head& head) override;
  void head(const http::Head& head, bool end, bool early) override;
  void data(std::span<const char> data, bool end) override;
  void trailers(const http::Head* trailers) override;
  void abort() override;
  size_t queued() const override;
  void pause_request() override;
  void resume_request() override;
  void done() override;

  Exchange* exchange = nullptr;
  codec::StreamId id = 0;

 private:
  Downstream& connection_;
};

} // namespace kgw::proxy
