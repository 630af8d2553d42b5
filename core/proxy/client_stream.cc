#include "proxy/client_stream.h"

#include "proxy/downstream.h"

namespace kgw::proxy {

void ClientStream::inform(const http::Head& head) { connection_.write_inform(*this, head); }
void ClientStream::head(const http::Head& head, bool end, bool early) {
  connection_.write_head(*this, head, end, early);
}
void ClientStream::data(std::span<const char> data, bool end) { connection_.write_data(*this, data, end); }
void ClientStream::trailers(const http::Head* trailers) { connection_.write_trailers(*this, trailers); }
void ClientStream::abort() { connection_.abort(*this); }
size_t ClientStream::queued() const { return connection_.queued(*this); }
void ClientStream::pause_request() { connection_.hold(*this, true); }
void ClientStream::resume_request() { connection_.hold(*this, false); }
void ClientStream::done() { connection_.done(*this); }

} // namespace kgw::proxy
