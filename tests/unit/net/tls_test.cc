#include "net/tls.h"

#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tls_transport.h"
#include "support/certificate.h"
#include "unit/net/real_loop.h"

namespace kgw::net {
namespace {

using Kind = IoResult::Kind;
using testing::HasSubstr;

// A client that connects with TLS and a server that speaks it over accepted sockets, on one loop.
struct TlsPair {
  RealLoop loop;
  test::Certificate certificate{"DNS:api.example,IP:127.0.0.1"};
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  Peer client, server;
  std::unique_ptr<Network> network = make_tcp_network(*loop);
  std::shared_ptr<const TlsClient> settings;
  std::unique_ptr<Acceptor> acceptor;

  TlsPair() {
    SSL_CTX_use_certificate(context, certificate.x509);
    SSL_CTX_use_PrivateKey(context, certificate.key);
    acceptor = std::make_unique<Acceptor>(
        *loop, std::move(*ListenSocket::open(loopback(), false)), 16u,
        [](void* self, std::unique_ptr<Transport> accepted) {
          static_cast<TlsPair*>(self)->serve(std::move(accepted));
        },
        this);
  }
  ~TlsPair() {
    client.transport.reset();
    server.transport.reset();
    SSL_CTX_free(context);
  }
  void serve(std::unique_ptr<Transport> accepted) {
    Ssl ssl(SSL_new(context));
    SSL_set_accept_state(ssl.get());
    auto tls = std::make_unique<TlsTransport>(*loop, std::move(ssl), &server);
    accepted->set_handler(&tls->inner_handler());
    tls->start(std::move(accepted));
    server.transport = std::move(tls);
  }
  void connect(bool verify, const std::string& name) {
    settings = *TlsClient::make(verify);
    client.transport = connect_tls(*loop, *network, acceptor->address(), *settings, name, client, false);
  }
  bool connected() {
    return loop.run_until([&] { return client.connected == 1 && server.connected == 1; });
  }
  bool failed() {
    return loop.run_until([&] { return client.failed > 0; });
  }
};

TEST(Tls, CarriesBytesBothWays) {
  TlsPair pair;
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.connected());
  EXPECT_EQ(pair.client.transport->write(bytes_of("ping")).bytes, 4u);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received == "ping"; }));
  pair.server.transport->write(bytes_of("pong"));
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.client.received == "pong"; }));
  EXPECT_EQ(pair.client.transport->peer(), pair.acceptor->address());
}

// RFC 6066 3: a host name is announced, an address never is.
TEST(Tls, AnnouncesTheHostName) {
  static std::string announced;
  for (std::string name : {"api.example", "127.0.0.1"}) {
    TlsPair pair;
    announced = "nothing";
    SSL_CTX_set_tlsext_servername_callback(
        pair.context, +[](SSL* ssl, int*, void*) {
          const char* given = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
          announced = given == nullptr ? "none" : given;
          return SSL_TLSEXT_ERR_OK;
        });
    pair.connect(false, name);
    ASSERT_TRUE(pair.connected());
    EXPECT_EQ(announced, name == "api.example" ? name : "none");
  }
}

TEST(Tls, TrustsAnAuthorityAndTheRightName) {
  for (const char* name : {"api.example", "127.0.0.1"}) {
    TlsPair pair;
    test::OnlyAuthority trusted(pair.certificate);
    pair.connect(true, name);
    EXPECT_TRUE(pair.connected()) << name;
  }
}

TEST(Tls, RefusesAnUnknownAuthority) {
  TlsPair pair;
  test::Certificate other("DNS:api.example");
  test::OnlyAuthority trusted(other);
  pair.connect(true, "api.example");
  ASSERT_TRUE(pair.failed());
  EXPECT_EQ(pair.client.failure, ConnectFailure::kRefused);
  EXPECT_EQ(pair.client.os_error, 0);
  EXPECT_THAT(pair.client.tls_error, HasSubstr("certificate verify failed: self-signed certificate"));
}

TEST(Tls, RefusesAWrongName) {
  for (std::string name : {"other.example", "127.0.0.2", "api.example.evil.example"}) {
    TlsPair pair;
    test::OnlyAuthority trusted(pair.certificate);
    pair.connect(true, name);
    ASSERT_TRUE(pair.failed()) << name;
    EXPECT_THAT(pair.client.tls_error, HasSubstr("mismatch")) << name;
  }
}

TEST(Tls, RefusesAnOldVersion) {
  TlsPair pair;
  SSL_CTX_set_security_level(pair.context, 0); // else OpenSSL itself would refuse to serve it
  SSL_CTX_set_min_proto_version(pair.context, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(pair.context, TLS1_1_VERSION);
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.failed());
  EXPECT_THAT(pair.client.tls_error, HasSubstr("protocol version"));
}

TEST(Tls, APlainServerFailsTheHandshake) {
  TlsPair pair;
  pair.acceptor = std::make_unique<Acceptor>(
      *pair.loop, std::move(*ListenSocket::open(loopback(), false)), 16u,
      [](void* self, std::unique_ptr<Transport> accepted) {
        auto& server = static_cast<TlsPair*>(self)->server;
        server.take(std::move(accepted));
        server.transport->write(bytes_of("HTTP/1.1 400 Bad Request\r\n\r\n"));
      },
      &pair);
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.failed());
  EXPECT_THAT(pair.client.tls_error, HasSubstr("wrong version number"));
}

TEST(Tls, AConnectionClosedInsideTheHandshakeFails) {
  TlsPair pair;
  pair.acceptor = std::make_unique<Acceptor>(
      *pair.loop, std::move(*ListenSocket::open(loopback(), false)), 16u,
      [](void*, std::unique_ptr<Transport> accepted) { accepted->close(false); }, &pair);
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.failed());
  EXPECT_EQ(pair.client.os_error, 0);
}

TEST(Tls, NobodyListensIsAConnectFailure) {
  TlsPair pair;
  Address nobody = ListenSocket::open(loopback(), false)->address();
  pair.settings = *TlsClient::make(false);
  pair.client.transport =
      connect_tls(*pair.loop, *pair.network, nobody, *pair.settings, "api.example", pair.client, false);
  ASSERT_TRUE(pair.failed());
  EXPECT_EQ(pair.client.os_error, ECONNREFUSED);
}

// RFC 8446 6.1: only close_notify ends a stream whole.
TEST(Tls, AnEndWithoutCloseNotifyIsAnError) {
  TlsPair pair;
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.connected());
  pair.server.transport->write(bytes_of("part"));
  pair.server.transport->close(true);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.client.read_error != 0; }));
  EXPECT_FALSE(pair.client.eof);
}

TEST(Tls, CloseNotifyIsAnEnd) {
  TlsPair pair;
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.connected());
  pair.server.transport->write(bytes_of("all"));
  pair.server.transport->close(false);
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.client.eof; }));
  EXPECT_EQ(pair.client.received, "all");
  EXPECT_EQ(pair.client.read_error, 0);
}

// Session tickets come after the handshake; they are not an answer that nobody asked for.
TEST(Tls, TicketsDoNotMakeAConnectionUnusable) {
  TlsPair pair;
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.connected());
  EXPECT_TRUE(pair.client.transport->still_open());
  pair.server.transport->write(bytes_of("unasked"));
  pair.client.transport->pause_reading();
  EXPECT_TRUE(pair.loop.run_until([&] { return !pair.client.transport->still_open(); }));
}

// More than the kernel's buffers take, with a reader that pauses: every byte arrives, in order.
TEST(Tls, BackPressureLosesNothing) {
  TlsPair pair;
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.connected());
  std::string text(16 << 20, ' ');
  for (size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 31 + i / 4096);

  struct Sender : TransportHandler {
    Transport* transport;
    std::string_view left;
    int waits = 0;
    void on_readable() override {
      char space[64];
      transport->read(space);
    }
    void on_writable() override {
      while (!left.empty()) {
        IoResult result = transport->write(bytes_of(left));
        if (result.kind != Kind::kBytes) break;
        left.remove_prefix(result.bytes);
      }
      waits += left.empty() ? 0 : 1;
      transport->want_write(!left.empty());
    }
  } sender;
  sender.transport = pair.client.transport.get();
  sender.left = text;
  pair.client.transport->set_handler(&sender);
  pair.server.transport->pause_reading();
  sender.on_writable();
  EXPECT_TRUE(pair.loop.run_until([&] { return sender.waits > 0; }));
  pair.server.transport->resume_reading();
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.server.received.size() == text.size(); }));
  EXPECT_TRUE(pair.server.received == text);
  pair.client.transport->set_handler(nullptr);
}

// The reader takes less than a record at a time: what was decrypted and waits is told without new bytes on the socket.
TEST(Tls, WhatWaitsDecryptedIsToldAgain) {
  TlsPair pair;
  pair.connect(false, "api.example");
  ASSERT_TRUE(pair.connected());
  std::string record(16000, 'r'); // Peer reads 4096 at a time
  pair.server.transport->write(bytes_of(record));
  EXPECT_TRUE(pair.loop.run_until([&] { return pair.client.received.size() == record.size(); }));
}

} // namespace
} // namespace kgw::net
