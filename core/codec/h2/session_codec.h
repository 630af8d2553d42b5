#pragma once
// What both sides of the seam answer alike: the calls of a codec, handed to the session.

#include "codec/h2/session.h"

namespace kgw::codec::h2 {

// `Side`: ServerCodec or ClientCodec.
template <class Side> class SessionCodec : public Side, protected Session {
 public:
  using Session::Session;

  EventKind next(std::span<char>& in, Event& event) final { return next_event(in, event); }
  void write_data(StreamId id, std::span<const char> data, bool end, base::OutBuffer& out) final {
    put_data(id, data, end, out);
  }
  void write_trailers(StreamId id, const http::Head& trailers, base::OutBuffer& out) final {
    put_trailers(id, trailers, out);
  }
  bool has_events() const final { return events_wait(); }
  bool wants_write() const final { return sends(); }
  void write(base::OutBuffer& out) final { send(out); }
  void bind(StreamId id, void* user) final { bind_stream(id, user); }
  size_t queued(StreamId id) final { return waiting(id); }
  bool hold(StreamId id, bool held) final {
    hold_stream(id, held);
    return true;
  }
  bool reset(StreamId id, Reset reset, base::OutBuffer& out) final {
    reset_stream(id, reset, out);
    return true;
  }
  bool multiplexes() const final { return true; }
  bool always_trailers() const final { return true; }
  bool tunnel() const final { return false; }
};

} // namespace kgw::codec::h2
