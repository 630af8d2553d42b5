#pragma once
// A Transport that encrypts what it passes to another one. Internal to net.

#include <memory>

#include <openssl/ssl.h>

#include "base/buffer.h"
#include "net/transport.h"

namespace kgw::net {

// The words of OpenSSL's last error, behind `what`.
base::Error openssl_error(std::string_view what);

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using Ssl = std::unique_ptr<SSL, SslFree>;

// OpenSSL reads from the inner transport and writes to `sealed_`, which takes everything: so it never asks for a write
// to be repeated, and one flush sends all records of a write.
class TlsTransport final : public Transport, private TransportHandler {
 public:
  // `ssl` knows whether it is a client or a server. start() must follow.
  ~TlsTransport() override;
  TlsTransport(Loop& loop, Ssl ssl, TransportHandler* handler);
  void start(std::unique_ptr<Transport> inner) { inner_ = std::move(inner); }
  TransportHandler& inner_handler() { return *this; }
  // What a handshake looks at besides the SSL: a new certificate may replace it meanwhile.
  void keep(std::shared_ptr<const void> kept) { kept_ = std::move(kept); }

  void set_handler(TransportHandler* handler) override { handler_ = handler; }
  IoResult read(std::span<char> into) override;
  IoResult write(std::span<const char> bytes) override;
  void pause_reading() override;
  void resume_reading() override;
  void want_write(bool wanted) override;
  void shutdown_write() override;
  void close(bool reset) override;
  bool still_open() override;
  Address peer() const override { return inner_->peer(); }
  Address local() const override { return inner_->local(); }
  bool secure() const override { return true; }
  std::string_view protocol() const override;

 private:
  enum class State : uint8_t { kHandshake, kOpen, kClosed };
  void on_connected() override { shake_hands(); }
  void on_connect_failed(const ConnectError& error) override;
  void on_readable() override;
  void on_writable() override;

  void shake_hands();
  void fail(std::string_view words);
  IoResult outcome(int result);
  bool flush(); // false: the inner transport refused
  void read_on();

  static BIO_METHOD* bio_method();
  static int bio_read(BIO* bio, char* into, size_t size, size_t* got);
  static int bio_write(BIO* bio, const char* bytes, size_t size, size_t* taken);
  static long bio_ctrl(BIO* bio, int command, long number, void* pointer);

  Loop& loop_;
  Ssl ssl_;
  std::unique_ptr<Transport> inner_;
  TransportHandler* handler_;
  std::shared_ptr<const void> kept_;
  base::OutBuffer sealed_; // records that the inner transport has not taken
  State state_ = State::kHandshake;
  bool wants_write_ = false, paused_ = false, refused_ = false, shut_ = false;
  bool owes_ = false;   // on_writable, since records waited
  bool ended_ = false;  // the peer's end came right behind the bytes of the last read
  Task readable_again_; // decrypted bytes wait here, where epoll does not see them
};

} // namespace kgw::net
