// RouteOption's maxStreamDuration.

#include "config/readers.h"

namespace kgw::config {

snapshot::StreamDuration read_stream_duration(const Value& value) {
  constexpr auto kGrammar = DurationGrammar::kRouteOption;
  Fields fields(value);
  snapshot::StreamDuration stream;
  stream.most = fields.get("maxStreamDuration").duration(kGrammar);
  stream.grpc_header_max = fields.get("grpcTimeoutHeaderMax").duration(kGrammar);
  Value offset = fields.get("grpcTimeoutHeaderOffset");
  stream.grpc_header_offset = offset.duration(kGrammar).value_or(Duration::zero());
  if (offset.present() && !stream.grpc_header_max) offset.warn("has no effect without grpcTimeoutHeaderMax");
  // Even an empty object is the option, and takes the route's timeout away: what is there has a value.
  if (!stream.most && !stream.grpc_header_max) stream.most = Duration::zero();
  return stream;
}

} // namespace kgw::config
