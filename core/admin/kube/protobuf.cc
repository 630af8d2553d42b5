#include "admin/kube/protobuf.h"

#include <span>
#include <string>

namespace kgw::admin::kube {

namespace {

enum class Type : uint8_t { kText, kInteger, kBool, kTexts, kTextMap, kBytesMap, kIntOrString, kMessage, kMessages };

struct FieldRule {
  unsigned number;
  const char* name;
  Type type;
  std::span<const FieldRule> fields = {}; // of kMessage and kMessages
};

// Numbers as in Kubernetes' generated.proto files.
constexpr FieldRule kMeta[] = {{1, "name", Type::kText},
                               {2, "generateName", Type::kText},
                               {3, "namespace", Type::kText},
                               {11, "labels", Type::kTextMap},
                               {12, "annotations", Type::kTextMap}};
constexpr FieldRule kPort[] = {{1, "name", Type::kText},        {2, "protocol", Type::kText},
                               {3, "port", Type::kInteger},     {4, "targetPort", Type::kIntOrString},
                               {5, "nodePort", Type::kInteger}, {6, "appProtocol", Type::kText}};
constexpr FieldRule kServiceSpec[] = {{1, "ports", Type::kMessages, kPort}, {2, "selector", Type::kTextMap},
                                      {3, "clusterIP", Type::kText},        {4, "type", Type::kText},
                                      {5, "externalIPs", Type::kTexts},     {7, "sessionAffinity", Type::kText},
                                      {10, "externalName", Type::kText}};
constexpr FieldRule kBare[] = {{1, "metadata", Type::kMessage, kMeta}};
constexpr FieldRule kService[] = {{1, "metadata", Type::kMessage, kMeta}, {2, "spec", Type::kMessage, kServiceSpec}};
constexpr FieldRule kSecret[] = {{1, "metadata", Type::kMessage, kMeta},
                                 {2, "data", Type::kBytesMap},
                                 {3, "type", Type::kText},
                                 {4, "stringData", Type::kTextMap},
                                 {5, "immutable", Type::kBool}};
constexpr FieldRule kConfigMap[] = {{1, "metadata", Type::kMessage, kMeta},
                                    {2, "data", Type::kTextMap},
                                    {3, "binaryData", Type::kBytesMap},
                                    {4, "immutable", Type::kBool}};

struct Kind {
  std::string_view name;
  std::span<const FieldRule> fields;
};
constexpr Kind kKinds[] = {{"Namespace", kBare},
                           {"ServiceAccount", kBare},
                           {"Service", kService},
                           {"Secret", kSecret},
                           {"ConfigMap", kConfigMap}};

struct Field {
  unsigned number = 0;
  uint64_t value = 0;     // of a varint
  std::string_view bytes; // of a length-delimited field
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  // False at the end, and when the message is broken.
  bool next(Field& field) {
    uint64_t key = 0, length = 0;
    if (rest_.empty()) return false;
    if (!varint(key)) return fail();
    field = {.number = static_cast<unsigned>(key >> 3)};
    if ((key & 7) == 0) return varint(field.value) || fail();
    if ((key & 7) != 2 || !varint(length) || length > rest_.size()) return fail();
    field.bytes = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return true;
  }
  bool broken() const { return broken_; }

 private:
  bool fail() {
    broken_ = true;
    return false;
  }
  bool varint(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  std::string_view rest_;
  bool broken_ = false;
};

// Fields 1 and 2 of a message: the entry of a map, or the envelope's type.
bool read_pair(std::string_view message, std::string_view& first, std::string_view& second) {
  Reader reader(message);
  for (Field field; reader.next(field);) {
    if (field.number == 1) first = field.bytes;
    if (field.number == 2) second = field.bytes;
  }
  return !reader.broken();
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : kLetters[group >> (18 - 6 * k) & 63];
  }
  return text;
}

// A number or a text: {1: which, 2: number, 3: text}.
bool int_or_string(std::string_view message, Json& out) {
  Reader reader(message);
  bool text = false;
  Json number, word;
  for (Field field; reader.next(field);) {
    if (field.number == 1) text = field.value == 1;
    if (field.number == 2 && field.value != 0) number = static_cast<int32_t>(field.value);
    if (field.number == 3 && !field.bytes.empty()) word = field.bytes;
  }
  out = text ? word : number;
  return !reader.broken();
}

bool read_message(std::string_view message, std::span<const FieldRule> rules, Json& out);

bool read_entry(const Field& field, const FieldRule& rule, Json& out) {
  std::string_view key, value;
  if (!read_pair(field.bytes, key, value)) return false;
  out[rule.name][std::string(key)] = rule.type == Type::kBytesMap ? base64(value) : std::string(value);
  return true;
}

bool read_field(const Field& field, const FieldRule& rule, Json& out) {
  Json value;
  switch (rule.type) {
  case Type::kText:
    if (!field.bytes.empty()) value = field.bytes;
    break;
  case Type::kInteger:
    if (field.value != 0) value = static_cast<int32_t>(field.value);
    break;
  case Type::kBool:
    if (field.value != 0) value = true;
    break;
  case Type::kTexts: out[rule.name].push_back(field.bytes); return true;
  case Type::kTextMap:
  case Type::kBytesMap: return read_entry(field, rule, out);
  case Type::kIntOrString:
    if (!int_or_string(field.bytes, value)) return false;
    break;
  case Type::kMessage: return read_message(field.bytes, rule.fields, out[rule.name]);
  case Type::kMessages:
    out[rule.name].push_back(Json::object());
    return read_message(field.bytes, rule.fields, out[rule.name].back());
  }
  if (!value.is_null()) out[rule.name] = std::move(value);
  return true;
}

bool read_message(std::string_view message, std::span<const FieldRule> rules, Json& out) {
  if (out.is_null()) out = Json::object();
  Reader reader(message);
  for (Field field; reader.next(field);) {
    for (const FieldRule& rule : rules) {
      if (rule.number == field.number && !read_field(field, rule, out)) return false;
    }
  }
  return !reader.broken();
}

} // namespace

// "k8s" and a zero byte, then {1: {1: apiVersion, 2: kind}, 2: the object's own message}.
std::optional<Json> object_from_protobuf(std::string_view body, std::string_view kind) {
  constexpr std::string_view kMagic("k8s\0", 4);
  std::string_view type, raw, api_version, type_kind;
  if (!body.starts_with(kMagic) || !read_pair(body.substr(kMagic.size()), type, raw)) return std::nullopt;
  if (!read_pair(type, api_version, type_kind)) return std::nullopt;
  for (const Kind& known : kKinds) {
    Json object{{"apiVersion", api_version}, {"kind", type_kind}};
    if (known.name != kind) continue;
    if (!read_message(raw, known.fields, object)) return std::nullopt;
    // Bytes that are not UTF-8 cannot stand in JSON.
    return parse_json(dump(object));
  }
  return std::nullopt;
}

} // namespace kgw::admin::kube
