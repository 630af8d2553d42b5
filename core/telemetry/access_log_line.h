#pragma once
// One finished request as one line of JSON. Pure: no file, no clock.

#include <span>
#include <string>
#include <string_view>

#include "telemetry/request_view.h"

namespace kgw::telemetry {

// Appends `text` as a JSON string, quotes included. Whatever the bytes are, the result is UTF-8 and one line: controls
// (C1, DEL and the Unicode line breaks too, which a terminal or a reader of lines obeys) become \uXXXX, and a byte that
// is no UTF-8 becomes the four characters \xNN, as gw.attempts() of the Python package shows it.
void append_json_text(std::string& to, std::string_view text);

struct LoggedHeader {
  std::string_view name, value;
};

// Appends the object, without a line break. Keys and their order are the access log's. `headers` is null when no header
// was asked for: then the object has no `request_headers`.
void append_json(std::string& to, const RequestView& view, const std::span<const LoggedHeader>* headers = nullptr);

} // namespace kgw::telemetry
