#include "net/tls_transport.h"

#include <algorithm>
#include <string>

#include <openssl/err.h>

namespace kgw::net {
namespace {

// Of one write: a few records, so that what waits here stays small while the peer takes nothing.
constexpr size_t kMostPlain = size_t{64} * 1024;
constexpr size_t kMostSealed = 2 * kMostPlain;

// The words of the first error, without OpenSSL's numbers.
std::string error_words(const SSL* ssl) {
  std::string words = "TLS_error:";
  unsigned long error = ERR_get_error();
  const char* reason = error == 0 ? nullptr : ERR_reason_error_string(error);
  words += reason != nullptr ? reason : "connection closed during the handshake";
  long verdict = SSL_get_verify_result(ssl);
  if (verdict != X509_V_OK) words.append(": ").append(X509_verify_cert_error_string(verdict));
  ERR_clear_error();
  return words;
}

} // namespace

base::Error openssl_error(std::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return {base::ErrorCode::kInternal, std::string(what) + ": " + (reason != nullptr ? reason : "unknown")};
}

TlsTransport::TlsTransport(Loop& loop, Ssl ssl, TransportHandler* handler)
    : loop_(loop), ssl_(std::move(ssl)), handler_(handler),
      readable_again_([](void* self) { static_cast<TlsTransport*>(self)->on_readable(); }, this) {
  BIO* bio = BIO_new(bio_method());
  KGW_ASSERT(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsTransport::~TlsTransport() { close(false); }

// ---- the inner transport as OpenSSL sees it ------------------------------------------------------------------------

BIO_METHOD* TlsTransport::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kgw transport");
    BIO_meth_set_read_ex(made, bio_read);
    BIO_meth_set_write_ex(made, bio_write);
    BIO_meth_set_ctrl(made, bio_ctrl);
    return made; // for the process's life
  }();
  return method;
}

int TlsTransport::bio_read(BIO* bio, char* into, size_t size, size_t* got) {
  auto& self = *static_cast<TlsTransport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  IoResult result = self.inner_->read({into, size});
  *got = result.bytes;
  if (result.kind == IoResult::Kind::kBytes) return 1;
  if (result.kind == IoResult::Kind::kAgain) BIO_set_retry_read(bio);
  return 0;
}

int TlsTransport::bio_write(BIO* bio, const char* bytes, size_t size, size_t* taken) {
  auto& self = *static_cast<TlsTransport*>(BIO_get_data(bio));
  self.sealed_.append(std::string_view(bytes, size));
  *taken = size;
  return 1;
}

long TlsTransport::bio_ctrl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

bool TlsTransport::flush() {
  while (!sealed_.empty() && !refused_) {
    IoResult result = inner_->write(sealed_.bytes());
    if (result.kind == IoResult::Kind::kAgain) break;
    if (result.kind != IoResult::Kind::kBytes) {
      refused_ = true;
      sealed_.clear();
      break;
    }
    sealed_.erase_front(result.bytes);
  }
  pending_ = sealed_.size();
  owes_ |= !sealed_.empty();
  inner_->want_write(wants_write_ || owes_);
  return !refused_;
}

// ---- the handshake -------------------------------------------------------------------------------------------------

void TlsTransport::shake_hands() {
  ERR_clear_error();
  int result = SSL_do_handshake(ssl_.get());
  int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  std::string words;
  if (why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ) words = error_words(ssl_.get());
  bool sent = flush(); // an alert too
  if (!words.empty()) return fail(words);
  if (!sent) return fail("TLS_error:connection closed during the handshake");
  if (why != SSL_ERROR_NONE) return;
  state_ = State::kOpen;
  if (paused_) inner_->pause_reading();
  if (handler_ != nullptr) handler_->on_connected();
  if (state_ == State::kOpen) read_on();
}

void TlsTransport::on_connect_failed(const ConnectError& error) {
  TransportHandler* handler = handler_;
  close(false);
  if (handler != nullptr) handler->on_connect_failed(error);
}

void TlsTransport::fail(std::string_view words) { on_connect_failed({ConnectFailure::kRefused, 0, words}); }

// ---- events --------------------------------------------------------------------------------------------------------

void TlsTransport::on_readable() {
  if (state_ == State::kHandshake) return shake_hands();
  if (state_ != State::kOpen || paused_) return;
  if (handler_ == nullptr) return inner_->pause_reading();
  handler_->on_readable();
  if (state_ == State::kOpen) read_on();
}

void TlsTransport::on_writable() {
  if (state_ == State::kClosed) return;
  flush();
  if (!sealed_.empty()) return;
  owes_ = false;
  inner_->want_write(wants_write_);
  if (state_ == State::kHandshake) return;
  if (shut_) inner_->shutdown_write();
  if (handler_ != nullptr) handler_->on_writable();
}

std::string_view TlsTransport::protocol() const {
  const unsigned char* name = nullptr;
  unsigned bytes = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &bytes);
  return {reinterpret_cast<const char*>(name), bytes};
}

void TlsTransport::read_on() {
  if (!paused_ && handler_ != nullptr && (ended_ || SSL_has_pending(ssl_.get()) == 1)) loop_.post(readable_again_);
}

// ---- the owner's side ----------------------------------------------------------------------------------------------

IoResult TlsTransport::outcome(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE: return {IoResult::Kind::kAgain, 0, 0};
  case SSL_ERROR_ZERO_RETURN: return {IoResult::Kind::kEof, 0, 0};
  default: return {IoResult::Kind::kError, 0, ECONNRESET};
  }
}

IoResult TlsTransport::read(std::span<char> into) {
  if (state_ != State::kOpen) return {IoResult::Kind::kError, 0, EBADF};
  ERR_clear_error();
  size_t total = 0;
  IoResult last;
  while (total < into.size()) {
    size_t got = 0;
    int result = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &got);
    if (result != 1) {
      last = outcome(result);
      break;
    }
    total += got;
  }
  if (!sealed_.empty()) flush();
  // A peer that asks for new keys again and again and reads no answer.
  if (sealed_.size() > kMostSealed) return {IoResult::Kind::kError, 0, ECONNRESET};
  // An end behind bytes is seen again by the next read, which nothing but we will cause.
  ended_ = total > 0 && total < into.size() && last.kind != IoResult::Kind::kAgain;
  return total > 0 ? IoResult{IoResult::Kind::kBytes, total, 0} : last;
}

IoResult TlsTransport::write(std::span<const char> bytes) {
  if (state_ != State::kOpen || refused_) return {IoResult::Kind::kError, 0, EPIPE};
  if (!sealed_.empty()) return {IoResult::Kind::kAgain, 0, 0};
  ERR_clear_error();
  size_t taken = 0;
  int result = SSL_write_ex(ssl_.get(), bytes.data(), std::min(bytes.size(), kMostPlain), &taken);
  if (!flush()) return {IoResult::Kind::kError, 0, EPIPE};
  return result == 1 ? IoResult{IoResult::Kind::kBytes, taken, 0} : outcome(result);
}

void TlsTransport::pause_reading() {
  paused_ = true;
  if (state_ == State::kOpen) inner_->pause_reading();
}

void TlsTransport::resume_reading() {
  paused_ = false;
  if (state_ == State::kClosed) return;
  inner_->resume_reading();
  if (state_ == State::kOpen) read_on();
}

void TlsTransport::want_write(bool wanted) {
  wants_write_ = wanted;
  if (state_ == State::kOpen) inner_->want_write(wanted || owes_);
}

void TlsTransport::shutdown_write() {
  if (state_ != State::kOpen || shut_) return;
  shut_ = true;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  if (flush() && sealed_.empty()) inner_->shutdown_write();
}

void TlsTransport::close(bool reset) {
  if (state_ == State::kClosed) return;
  if (state_ == State::kOpen && !reset) shutdown_write();
  state_ = State::kClosed;
  handler_ = nullptr;
  readable_again_.unlink();
  if (inner_ == nullptr) return;
  inner_->set_handler(nullptr);
  inner_->close(reset);
}

bool TlsTransport::still_open() {
  if (state_ != State::kOpen) return false;
  ERR_clear_error();
  char byte;
  size_t got = 0;
  int result = SSL_peek_ex(ssl_.get(), &byte, 1, &got); // takes in session tickets on the way
  return result != 1 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ;
}

} // namespace kgw::net
