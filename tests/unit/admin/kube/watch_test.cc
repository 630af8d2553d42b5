#include "unit/admin/client.h"

namespace kgw::test {
namespace {

using nlohmann::json;

// The events that one pull brings, and whether the stream goes on.
struct Pulled {
  std::vector<json> events;
  bool open = true;
  std::string text() const { // TYPE NAME ...
    std::string result;
    for (const json& event : events) {
      const json& object = event["object"];
      std::string name = object["kind"] == "Table" ? "table" : object["metadata"].value("name", "");
      result += event["type"].get<std::string>() + (name.empty() ? "" : " " + name) + ";";
    }
    return result;
  }
};

class Watch {
 public:
  Watch(Client& client, const std::string& target, admin::Headers headers = {})
      : answer_(client.get(target, std::move(headers))) {
    EXPECT_EQ(answer_.status, 200);
    EXPECT_NE(answer_.stream, nullptr);
  }
  Pulled pull(base::Duration later = {}) {
    now_ += later;
    std::string text;
    Pulled result;
    result.open = answer_.stream->pull(now_, text);
    for (size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      result.events.push_back(json::parse(text.substr(begin, end - begin)));
    }
    return result;
  }

 private:
  Answer answer_;
  Instant now_{base::seconds(1000)};
};

const std::string kWatch = std::string(kServices) + "?watch=true";

json labelled(const char* value) { return {{"metadata", {{"labels", {{"app", value}}}}}}; }

TEST(Watch, BeginsWithWhatThereIs) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a");
  client.fake.put("Service", "v1", "other", "b");
  Watch watch(client, kWatch + "&resourceVersion=0");
  EXPECT_EQ(watch.pull().text(), "ADDED a;");
  EXPECT_EQ(watch.pull().text(), "");
  client.fake.put("Service", "v1", "httpbin", "a", {{"spec", {{"x", 1}}}});
  client.fake.put("Service", "v1", "other", "c");
  client.send("DELETE", std::string(kServices) + "/a");
  EXPECT_EQ(watch.pull().text(), "MODIFIED a;DELETED a;");
}

TEST(Watch, GoesOnFromAVersion) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a");
  client.fake.put("Service", "v1", "httpbin", "b");
  Watch watch(client, kWatch + "&resourceVersion=101");
  EXPECT_EQ(watch.pull().text(), "ADDED b;");
}

TEST(Watch, OfOneName) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a");
  client.fake.put("Service", "v1", "httpbin", "b");
  EXPECT_EQ(Watch(client, kWatch + "&fieldSelector=metadata.name%3Db").pull().text(), "ADDED b;");
  EXPECT_EQ(Watch(client, std::string(kServices) + "/b?watch=1").pull().text(), "ADDED b;");
}

TEST(Watch, VersionsThatAreNotInTheLogAreExpired) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a");
  for (const char* version : {"5", "9999"}) {
    Pulled pulled = Watch(client, kWatch + "&resourceVersion=" + version).pull();
    EXPECT_FALSE(pulled.open);
    ASSERT_EQ(pulled.events.size(), 1u);
    EXPECT_EQ(pulled.events[0]["type"], "ERROR");
    EXPECT_EQ(pulled.events[0]["object"]["code"], 410);
    EXPECT_EQ(pulled.events[0]["object"]["message"], std::string("too old resource version: ") + version + " (101)");
  }
}

TEST(Watch, FallingBehindTheLogIsExpired) {
  Client client;
  Watch watch(client, kWatch);
  EXPECT_TRUE(watch.pull().open);
  client.fake.put("Service", "v1", "httpbin", "a");
  client.fake.oldest = 101;
  EXPECT_FALSE(watch.pull().open);
}

TEST(Watch, SelectorsMakeObjectsComeAndGo) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a", labelled("x"));
  client.fake.put("Service", "v1", "httpbin", "b", labelled("y"));
  Watch watch(client, kWatch + "&labelSelector=app%3Dx");
  EXPECT_EQ(watch.pull().text(), "ADDED a;");
  client.fake.put("Service", "v1", "httpbin", "a", labelled("y"));
  client.fake.put("Service", "v1", "httpbin", "b", labelled("x"));
  EXPECT_EQ(watch.pull().text(), "DELETED a;ADDED b;");
  client.send("DELETE", std::string(kServices) + "/a");
  client.send("DELETE", std::string(kServices) + "/b");
  EXPECT_EQ(watch.pull().text(), "DELETED b;");
}

TEST(Watch, SelectorsFromAVersion) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a", labelled("x"));
  client.fake.put("Service", "v1", "httpbin", "b", labelled("x"));
  client.fake.put("Service", "v1", "httpbin", "a", labelled("y"));
  client.fake.put("Service", "v1", "httpbin", "c", labelled("x"));
  EXPECT_EQ(Watch(client, kWatch + "&labelSelector=app%3Dx&resourceVersion=102").pull().text(), "DELETED a;ADDED c;");
}

TEST(Watch, Tables) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a");
  Watch watch(client, kWatch + "&allowWatchBookmarks=true",
              {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}});
  Pulled pulled = watch.pull();
  ASSERT_EQ(pulled.text(), "ADDED table;");
  EXPECT_EQ(pulled.events[0]["object"]["rows"][0]["cells"][0], "a");
  EXPECT_EQ(pulled.events[0]["object"]["metadata"]["resourceVersion"], "101");
  EXPECT_EQ(watch.pull(base::seconds(61)).text(), "BOOKMARK table;");
}

TEST(Watch, BookmarksTellThePosition) {
  Client client;
  Watch watch(client, kWatch + "&allowWatchBookmarks=true");
  EXPECT_EQ(watch.pull().text(), "");
  client.fake.put("Service", "v1", "other", "a");
  Pulled pulled = watch.pull(base::seconds(60));
  ASSERT_EQ(pulled.text(), "BOOKMARK;");
  EXPECT_EQ(pulled.events[0]["object"],
            json::parse(R"({"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":"101"}})"));
  EXPECT_EQ(watch.pull(base::seconds(59)).text(), "");
}

TEST(Watch, InitialEventsEndWithAMark) {
  Client client;
  client.fake.put("Service", "v1", "httpbin", "a");
  Pulled pulled =
      Watch(client, kWatch + "&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan")
          .pull();
  ASSERT_EQ(pulled.text(), "ADDED a;BOOKMARK;");
  EXPECT_EQ(pulled.events[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

TEST(Watch, EndsInTime) {
  Client client;
  Watch watch(client, kWatch + "&timeoutSeconds=10");
  EXPECT_TRUE(watch.pull().open);
  EXPECT_TRUE(watch.pull(base::seconds(9)).open);
  EXPECT_FALSE(watch.pull(base::seconds(1)).open);
}

TEST(Watch, OptionsAreRead) {
  Client client;
  for (const char* option : {"resourceVersion=x", "timeoutSeconds=-1", "labelSelector=(", "fieldSelector=spec.x%3D1"}) {
    EXPECT_EQ(client.get(kWatch + "&" + option).status, 400) << option;
  }
}

} // namespace
} // namespace kgw::test
