// Secrets, and the listeners that show what is in them.

#include <gmock/gmock.h>

#include "unit/config/load.h"
#include "unit/config/world.h"

namespace kgw::config::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string secret(const std::string& rest) { return document("v1", "Secret", rest); }

TEST(Secret, HasACertificateInBase64OrInPlainText) {
  auto read =
      payload<Secret>(secret("type: kubernetes.io/tls\ndata: {tls.crt: Y2hhaW4=, tls.key: a2V5, ca.crt: eA==}"));
  EXPECT_EQ(read.chain, "chain");
  EXPECT_EQ(read.key, "key");
  read = payload<Secret>(
      secret("type: kubernetes.io/tls\ndata: {tls.crt: Y2hhaW4=, tls.key: a2V5}\nstringData: {tls.key: other}"));
  EXPECT_EQ(read.key, "other") << "stringData wins";
}

TEST(Secret, NeedsBothPartsOfItsType) {
  EXPECT_THAT(problem(secret("type: kubernetes.io/tls\ndata: {tls.crt: eA==}")),
              HasSubstr("data[tls.key]: required value missing"));
  EXPECT_THAT(problem(secret("type: kubernetes.io/tls\ndata: {tls.crt: eA, tls.key: eA==}")), HasSubstr("need base64"));
  EXPECT_THAT(problem(secret("data: {a: '?'}")), HasSubstr("need base64"));
  EXPECT_THAT(lines(load(secret("data: {a: eA==}\nimmutable: true"))), IsEmpty());
}

struct TlsWorld : World {
  TlsWorld() {
    options.check_certificate = [](const std::string& chain, const std::string& key) {
      return chain + key == "chainkey" ? std::string() : std::string("tls.key: not of this certificate");
    };
  }
  void serve(const std::string& listeners) {
    load("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: infra}\n"
         "spec: {gatewayClassName: any, listeners: [" +
         listeners + "]}\n---\n");
  }
  void certificate(const std::string& name, const std::string& space = "infra", const std::string& key = "key") {
    load("apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + ", namespace: " + space +
         "}\ntype: kubernetes.io/tls\nstringData: {tls.crt: chain, tls.key: " + key + "}\n");
  }
};

std::string https(const std::string& name, const std::string& refs, const std::string& more = "port: 8443") {
  return "{name: " + name + ", protocol: HTTPS, " + more + ", tls: {certificateRefs: [" + refs + "]}}";
}

TEST(HttpsListener, ShowsTheCertificateOfItsSecret) {
  TlsWorld world;
  world.serve(https("s", "{name: c}"));
  EXPECT_THAT(world.spec.listeners, IsEmpty());
  EXPECT_EQ(world.listener("gw", "s", "ResolvedRefs"), "False InvalidCertificateRef");
  EXPECT_EQ(world.listener("gw", "s", "Accepted"), "True Accepted");
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("Secret infra/c does not exist")));
  world.certificate("c");
  ASSERT_EQ(world.spec.listeners.size(), 1u);
  ASSERT_TRUE(world.spec.listeners[0].tls.has_value());
  EXPECT_EQ(world.spec.listeners[0].tls->at(0).chain, "chain");
  EXPECT_EQ(world.listener("gw", "s", "ResolvedRefs"), "True ResolvedRefs");
}

TEST(HttpsListener, ABadPairLeavesTheOthersAlive) {
  TlsWorld world;
  world.certificate("good");
  world.certificate("bad", "infra", "otherkey");
  world.serve(https("a", "{name: bad}") + ", " + https("b", "{name: good}", "port: 8443, hostname: b.example"));
  ASSERT_EQ(world.spec.listeners.size(), 1u);
  EXPECT_EQ(world.spec.listeners[0].routes.hostname, "b.example");
  EXPECT_EQ(world.listener("gw", "a", "ResolvedRefs"), "False InvalidCertificateRef");
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("not of this certificate")));
}

TEST(HttpsListener, OneGoodCertificateOfSeveralIsEnough) {
  TlsWorld world;
  world.certificate("good");
  world.serve(https("a", "{name: none}, {name: good}"));
  ASSERT_EQ(world.spec.listeners.size(), 1u);
  EXPECT_EQ(world.spec.listeners[0].tls->size(), 1u);
  EXPECT_EQ(world.listener("gw", "a", "ResolvedRefs"), "False InvalidCertificateRef");
}

TEST(HttpsListener, NeedsAGrantForAnotherNamespace) {
  TlsWorld world;
  world.certificate("c", "secrets");
  world.serve(https("s", "{name: c, namespace: secrets}"));
  EXPECT_EQ(world.listener("gw", "s", "ResolvedRefs"), "False RefNotPermitted");
  world.load(
      "apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: secrets}\n"
      "spec: {from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: infra}], to: [{group: '', kind: "
      "Secret}]}\n");
  EXPECT_EQ(world.spec.listeners.size(), 1u);
}

TEST(HttpsListener, APlaceSpeaksOneProtocol) {
  TlsWorld world;
  world.certificate("c");
  world.serve(https("s", "{name: c}") +
              ", {name: plain, port: 8443, protocol: HTTP}, {name: own, port: 80, protocol: HTTP}");
  EXPECT_EQ(world.listener("gw", "s", "Conflicted"), "True ProtocolConflict");
  EXPECT_EQ(world.listener("gw", "plain", "Conflicted"), "True ProtocolConflict");
  EXPECT_EQ(world.spec.listeners.size(), 1u);
}

TEST(HttpsListener, NothingButASecretIsACertificate) {
  TlsWorld world;
  world.serve(https("s", "{kind: ConfigMap, name: c}"));
  EXPECT_EQ(world.listener("gw", "s", "ResolvedRefs"), "False InvalidCertificateRef");
  world.load("apiVersion: v1\nkind: Secret\nmetadata: {name: c, namespace: infra}\ndata: {a: eA==}\n");
  world.serve(https("s", "{name: c}"));
  EXPECT_THAT(world.warning_lines(), Contains(HasSubstr("is not of the type kubernetes.io/tls")));
}

} // namespace
} // namespace kgw::config::test
