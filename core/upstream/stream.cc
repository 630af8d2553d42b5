#include "upstream/stream.h"

#include "upstream/connection.h"
#include "upstream/pool.h"

namespace kgw::upstream {

void Stream::write_head(const http::Head& head, const http::AttemptHeaders& attempt, bool end) {
  connection_->write_head(*this, head, attempt, end);
}
void Stream::write_data(std::span<const char> data, bool end) { connection_->write_data(*this, data, end); }
void Stream::write_trailers(const http::Head& trailers) { connection_->write_trailers(*this, trailers); }
void Stream::flush() {
  if (connection_ != nullptr) connection_->flush();
}
bool Stream::always_trailers() const { return connection_ != nullptr && connection_->always_trailers(); }
size_t Stream::queued() const { return connection_ == nullptr ? 0 : connection_->queued(*this); }
void Stream::pause_reading() {
  if (connection_ != nullptr) connection_->hold(*this, true);
}
void Stream::resume_reading() {
  if (connection_ != nullptr) connection_->hold(*this, false);
}

void Stream::cancel() {
  if (connection_ != nullptr) connection_->release(*this);
  if (pool_ != nullptr) pool_->stop_waiting(*this);
  unlink(); // from those that are about to be told of a failure
}

} // namespace kgw::upstream
