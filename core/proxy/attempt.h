#pragma once
// One try at one endpoint: sends the head and the body, hands what comes back to the exchange.

#include "cluster/view.h"
#include "exchange/machine.h"
#include "proxy/body.h"
#include "upstream/pool.h"

namespace kgw::proxy {

class Exchange;

class Attempt final : public upstream::StreamHandler {
 public:
  Attempt(Exchange& exchange, uint8_t slot) : exchange_(exchange), stream_(*this), slot_(slot) {}

  // True when an idle connection was at hand and the head is on its way.
  bool lease(upstream::ClusterPools& pools, const exchange::StartInfo& start);
  // Sends what is there of the body, as far as the connection takes it.
  void pump();
  void flush() { stream_.flush(); }
  // What the client sends goes on from now on, behind the request's end.
  void open_tunnel();
  void cancel();
  void break_off(); // its response cannot be used: the attempt has failed
  bool live() const { return stream_.attached() || stream_.waiting(); }
  bool attached() const { return stream_.attached(); }
  const Body::Cursor& cursor() const { return cursor_; }
  // Request bytes that this attempt has not given to the kernel.
  uint64_t unsent() const;
  void pause_response() { stream_.pause_reading(); }
  void resume_response() { stream_.resume_reading(); }

 private:
  void begin();
  const http::Head* trailers() const; // of the request, if they are to be sent
  void on_ready(bool reused) override;
  void on_failed(const upstream::StreamFailure& failure) override;
  void on_inform(http::Head& head) override;
  void on_head(http::Head& head, bool end) override;
  void on_data(std::span<const char> data, bool end) override;
  void on_end(http::Head* trailers) override;
  void on_drained(bool own) override;

  Exchange& exchange_;
  upstream::Stream stream_;
  cluster::HostRef host_;
  http::AttemptHeaders headers_;
  Body::Cursor cursor_;
  uint32_t number_ = 0; // of the attempt, for the ledger
  uint8_t slot_;
  bool end_sent_ = false;
  bool always_trailers_ = false; // of its protocol
};

} // namespace kgw::proxy
