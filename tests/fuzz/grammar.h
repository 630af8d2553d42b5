#pragma once
// HTTP/1.1 messages by the grammar of RFC 9112, 9110 and 3986, written without a look at the codec: slow, plain, on
// whole texts. The fuzz targets hold the codec against it:
//
//   what the codec takes as a complete message is one here, with the same meaning and the same last byte;
//   what the codec waits for is not complete here.
//
// Not the other way round: the codec refuses more (more than 8 empty lines, "_" where others read "-", expectations,
// limits). Where the RFCs leave a choice this side makes the codec's: CRLF only, no obs-fold, one content-length, no
// coding but chunked, never beside a content-length nor in HTTP/1.0, no blanks in chunk lines. Wider than the RFCs it
// is in two points, as the codec: a status line needs no blank behind the code, and target bytes are anything visible
// or above 0x7f but "#".

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kgw::fuzz {

enum class Verdict { kComplete, kIncomplete, kRefused };

using Fields = std::vector<std::pair<std::string, std::string>>; // names in lower case

struct Message {
  std::string method, target; // requests
  int status = 0;             // responses
  int minor = 1;              // of the version
  Fields fields;
  std::vector<std::pair<int, Fields>> interim;
  std::string body;
  Fields trailers;
  size_t bytes = 0; // of the text that the message takes
};

Verdict read_request(std::string_view text, Message& message);
// `text` is all that came before the peer closed.
Verdict read_response(std::string_view text, std::string_view method, Message& message);
// Chunk lines and data up to the line of the last chunk; `bytes` and `body` of the message.
Verdict read_chunks(std::string_view text, Message& message);

struct TargetParts {
  std::string scheme, authority, path; // path as the next hop should get it
};
bool read_target(std::string_view text, std::string_view method, TargetParts& parts);
bool is_authority(std::string_view text); // uri-host [ ":" [ port ] ]
bool is_token(std::string_view text);
std::string lower(std::string_view text);

} // namespace kgw::fuzz
