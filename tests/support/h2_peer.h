#pragma once
// The far end of an HTTP/2 connection in memory, a client or an origin. On libnghttp2 and none of our codecs: it says
// what they never would, and they are not their own judges.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "net/transport.h"

namespace kgw::test {

using H2Fields = std::vector<std::pair<std::string, std::string>>;
std::string value_of(const H2Fields& fields, std::string_view name); // empty: none

struct H2Stream {
  // What has come.
  int32_t id = 0;
  H2Fields head, trailers; // pseudo fields among them
  std::string body;
  int informs = 0;               // 1xx heads
  bool headed = false;           // the (final) head
  bool ended = false;            // END_STREAM
  std::optional<uint32_t> reset; // the code of RST_STREAM
  bool closed = false;           // nothing comes or goes any more
  bool told_end = false;         // on_message knows that it ended
  int status() const;            // 0: none

  // What goes.
  std::string unsent;
  size_t sent = 0; // of `unsent`
  H2Fields last_fields;
  bool complete = false; // nothing is added to `unsent`
  bool deferred = false; // libnghttp2 waits for more of it

  bool held = false; // no room is given back
  size_t unread = 0; // bytes that would have been
};

struct H2Options {
  uint32_t stream_window = 65535;
  int32_t connection_window = 1 << 20;
  std::optional<uint32_t> concurrent_streams; // that we allow
  bool answers_pings = true;
};

class H2Peer final : public net::TransportHandler {
 public:
  enum class Side : uint8_t { kClient, kOrigin };
  H2Peer(Side side, const H2Options& options);
  ~H2Peer();
  H2Peer(const H2Peer&) = delete;
  H2Peer& operator=(const H2Peer&) = delete;
  // `open`: not one that is still connecting.
  void adopt(std::unique_ptr<net::Transport> transport, bool open);

  // ---- saying. On a stream that is closed, and on a closed connection, nothing happens
  H2Stream& ask(const H2Fields& head, bool end);
  H2Stream& get(std::string_view path, const H2Fields& fields = {});
  void inform(H2Stream& stream, int status);
  void answer(H2Stream& stream, int status, const H2Fields& fields, bool end);
  void answer(H2Stream& stream, int status, std::string_view body);
  void send(H2Stream& stream, std::string_view data, bool end);
  void send_trailers(H2Stream& stream, const H2Fields& fields);
  void reset(H2Stream& stream, uint32_t code);
  void goaway(int32_t last_stream, uint32_t code);
  void settings(int32_t id, uint32_t value);
  void ping();
  void hold(H2Stream& stream, bool held); // a slow reader of this stream alone
  void close(bool reset = false);

  // ---- what has come
  std::map<int32_t, std::unique_ptr<H2Stream>> streams; // all there were
  std::vector<int32_t> goaways;                         // the last stream of each
  std::string violation;                                // what breaks a rule of RFC 9113; empty: nothing
  bool ended() const { return eof_ || error_; }
  bool gone() const { return transport_ == nullptr; } // by close()
  std::unique_ptr<net::Transport>& transport() { return transport_; }
  // When the head is there, and again if that was not all, when all of it is.
  std::function<void(H2Peer&, H2Stream&)> on_message;
  std::function<void(H2Peer&, H2Stream&)> on_reset;

  void on_connected() override;
  void on_readable() override;
  void on_writable() override;

 private:
  enum class Told : uint8_t { kHead, kEnd, kReset };
  static nghttp2_session_callbacks* callbacks();
  static ssize_t read_body(nghttp2_session*, int32_t id, uint8_t* into, size_t room, uint32_t* flags,
                           nghttp2_data_source*, void* self);
  void came(const nghttp2_frame& frame);
  void data_came(int32_t id, std::string_view data);
  void field_came(const nghttp2_frame& frame, std::string_view name, std::string_view value);
  void tell();
  void flush();
  H2Stream* find(int32_t id);
  H2Stream& add(int32_t id);
  void submit_head(H2Stream& stream, const H2Fields& fields, bool end);

  nghttp2_session* session_ = nullptr;
  std::unique_ptr<net::Transport> transport_, closed_;
  std::string unsent_;
  std::vector<std::pair<Told, H2Stream*>> untold_;
  bool open_ = false, eof_ = false, error_ = false, telling_ = false;
};

} // namespace kgw::test
