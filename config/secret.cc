// Secrets: the certificates of listeners.

#include "base/text.h"
#include "config/readers.h"
#include "config/rules.h"

namespace kgw::config {
namespace {

bool is_base64(std::string_view text) { return base::decode_base64(text).has_value(); }
constexpr TextRule kBase64{is_base64, "base64"};

// stringData is the same in plain text, and wins.
std::string read_entry(Fields& data, Fields& plain, std::string_view key, bool required) {
  Value encoded = data.get(key), text = plain.get(key);
  if (text.present()) return text.text();
  if (!encoded.present() && required) {
    encoded.error_text(ProblemClass::kRequired,
                       "required value missing: got nothing; need it in a Secret of this type");
  }
  return base::decode_base64(encoded.text(kBase64)).value_or("");
}

void check_rest(const Value& data) {
  if (!data.present() || data.node()->kind != Node::Kind::kMap) return;
  for (const auto& [name, value] : data.node()->map) {
    if (value.kind == Node::Kind::kNull) continue;
    Value(data.report(), &value, data.path() + "[" + name + "]", {}, value.at).text(kBase64);
  }
}

} // namespace

Secret read_secret(Fields& top) {
  Secret secret;
  bool tls = top.get("type").text({}, "Opaque") == "kubernetes.io/tls";
  Value data = top.get("data"), plain = top.get("stringData");
  top.ignore({"immutable"});
  if (!tls) {
    check_rest(data);
    plain.labels();
    return secret;
  }
  Fields encoded(data), texts(plain);
  secret.chain = read_entry(encoded, texts, "tls.crt", true);
  secret.key = read_entry(encoded, texts, "tls.key", true);
  encoded.ignore_rest();
  texts.ignore_rest();
  return secret;
}

} // namespace kgw::config
