// The server over real loopback sockets: what the tests of the resource tree cannot see.
#include "admin/server.h"

#include <future>
#include <thread>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "unit/admin/client.h"

namespace kgw::test {
namespace {

// A gateway's control thread with nothing but the admin address on it.
class Running {
 public:
  explicit Running(admin::ServerOptions options = {}) {
    loop_ = *net::Loop::make();
    auto socket = net::ListenSocket::open(*net::parse_address("127.0.0.1", 0), false);
    port_ = socket->address().port;
    server_ = std::make_unique<admin::Server>(*loop_, *std::move(socket), std::move(options), fake.plane, log_);
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~Running() {
    run([this] { server_.reset(); });
    loop_->stop();
    thread_.join();
  }
  // On the control thread, to its end.
  void run(std::move_only_function<void()> work) {
    std::promise<void> done;
    loop_->post_from_any_thread([&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void change(std::move_only_function<void()> work) {
    run([&] {
      work();
      server_->notify_change();
    });
  }
  uint16_t port() const { return port_; }

  FakePlane fake;

 private:
  base::Log log_;
  std::unique_ptr<net::Loop> loop_;
  std::unique_ptr<admin::Server> server_;
  uint16_t port_ = 0;
  std::thread thread_;
};

// A blocking socket that gives up after five seconds.
class Socket {
 public:
  explicit Socket(uint16_t port, int receive_bytes = 0) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_bytes != 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void send(const std::string& text) {
    for (size_t sent = 0; sent < text.size();) {
      ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) return;
      sent += static_cast<size_t>(n);
    }
  }
  // Reads until `what` has come; returns everything up to its end. Empty at the end of the stream or of patience.
  std::string until(const std::string& what) {
    size_t at;
    while ((at = read_.find(what)) == std::string::npos) {
      if (!more()) return {};
    }
    std::string text = read_.substr(0, at + what.size());
    read_.erase(0, text.size());
    return text;
  }
  std::string all() {
    while (more()) {
    }
    return std::exchange(read_, {});
  }
  void end_sending() { shutdown(fd_, SHUT_WR); }

 private:
  bool more() {
    char bytes[65536];
    ssize_t n = recv(fd_, bytes, sizeof bytes, 0);
    if (n > 0) read_.append(bytes, static_cast<size_t>(n));
    return n > 0;
  }
  int fd_;
  std::string read_;
};

std::string request(const std::string& method, const std::string& path, const std::string& fields = "") {
  return method + " " + path + " HTTP/1.1\r\nhost: 127.0.0.1\r\n" + fields + "\r\n";
}
std::string post(const std::string& body) {
  return request("POST", kRoutes, "content-length: " + std::to_string(body.size()) + "\r\n") + body;
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  Running running;
  Socket socket(running.port());
  socket.send(request("GET", "/version") + request("HEAD", "/version") + post(route("a").dump()) +
              request("GET", "/nothing", "connection: close\r\n"));
  std::string text = socket.all();
  size_t first = text.find("v1.34.0+kgwcore"), created = text.find("HTTP/1.1 201 Created"),
         missing = text.find("HTTP/1.1 404 Not Found");
  EXPECT_LT(first, created);
  EXPECT_LT(created, missing);
  EXPECT_NE(missing, std::string::npos);
  EXPECT_EQ(text.find("v1.34.0+kgwcore", first + 1), std::string::npos); // HEAD has no body
  EXPECT_NE(text.find("cache-control: no-cache, private\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\ndate: "), std::string::npos);
}

TEST(Server, TakesChunkedBodies) {
  Running running;
  Socket socket(running.port());
  std::string body = route("a").dump();
  char size[16];
  std::snprintf(size, sizeof size, "%zx", body.size() - 1);
  socket.send(request("POST", kRoutes, "transfer-encoding: chunked\r\n") + "1\r\n" + body.substr(0, 1) + "\r\n");
  socket.send(std::string(size) + "\r\n" + body.substr(1) + "\r\n0\r\n\r\n");
  EXPECT_NE(socket.until("\r\n").find("201"), std::string::npos);
}

TEST(Server, LargeBodiesAreRefused) {
  Running running({.body_bytes = 1000});
  Socket announced(running.port());
  announced.send(request("POST", kRoutes, "content-length: 1001\r\n"));
  std::string text = announced.all();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 413"));
  EXPECT_NE(text.find("RequestEntityTooLarge"), std::string::npos);
  EXPECT_NE(text.find("connection: close"), std::string::npos);
  Socket chunked(running.port());
  chunked.send(request("POST", kRoutes, "transfer-encoding: chunked\r\n") + "400\r\n" + std::string(1024, 'x') +
               "\r\n" + "7fffffff\r\n" + std::string(300'000, 'x'));
  EXPECT_TRUE(chunked.all().starts_with("HTTP/1.1 413"));
}

TEST(Server, ContinuesWhenAsked) {
  Running running;
  Socket socket(running.port());
  std::string body = route("a").dump();
  socket.send(
      request("POST", kRoutes, "expect: 100-continue\r\ncontent-length: " + std::to_string(body.size()) + "\r\n"));
  EXPECT_TRUE(socket.until("\r\n\r\n").starts_with("HTTP/1.1 100"));
  socket.send(body);
  EXPECT_TRUE(socket.until("\r\n").starts_with("HTTP/1.1 201"));
}

TEST(Server, NonsenseIsAStatus) {
  Running running;
  Socket socket(running.port());
  socket.send("GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nbad name: x\r\n\r\n");
  std::string text = socket.all();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 400"));
  EXPECT_NE(text.find("\"kind\":\"Status\""), std::string::npos);
  Socket foreign(running.port());
  foreign.send("GET /api HTTP/1.1\r\nhost: evil.example\r\n\r\n");
  EXPECT_TRUE(foreign.until("\r\n").starts_with("HTTP/1.1 403"));
}

TEST(Server, WatchesStreamChanges) {
  Running running;
  Socket socket(running.port());
  socket.send(request("GET", std::string(kServices) + "?watch=true"));
  EXPECT_NE(socket.until("\r\n\r\n").find("transfer-encoding: chunked"), std::string::npos);
  running.change([&] { running.fake.put("Service", "v1", "httpbin", "a"); });
  EXPECT_NE(socket.until("}\n").find("\"type\":\"ADDED\""), std::string::npos);
}

TEST(Server, WatchesEndInTimeAndTheConnectionGoesOn) {
  Running running;
  Socket socket(running.port());
  socket.send(request("GET", std::string(kServices) + "?watch=true&timeoutSeconds=1"));
  EXPECT_NE(socket.until("\r\n0\r\n\r\n").find("200 OK"), std::string::npos);
  socket.send(request("GET", "/version"));
  EXPECT_TRUE(socket.until("\r\n").starts_with("HTTP/1.1 200"));
}

TEST(Server, ItsEndEndsWatchesCleanly) {
  auto running = std::make_unique<Running>();
  Socket socket(running->port());
  socket.send(request("GET", std::string(kServices) + "?watch=true"));
  socket.until("\r\n\r\n");
  running.reset();
  EXPECT_EQ(socket.all(), "0\r\n\r\n");
}

TEST(Server, WatchesAreBounded) {
  Running running({.connections = 4});
  Socket first(running.port()), second(running.port()), third(running.port());
  for (Socket* socket : {&first, &second}) {
    socket->send(request("GET", std::string(kServices) + "?watch=true"));
    EXPECT_NE(socket->until("\r\n\r\n").find("200"), std::string::npos);
  }
  third.send(request("GET", std::string(kServices) + "?watch=true"));
  EXPECT_TRUE(third.until("\r\n").starts_with("HTTP/1.1 429"));
}

TEST(Server, FurtherClientsWait) {
  Running running({.connections = 1});
  auto first = std::make_unique<Socket>(running.port());
  first->send(request("GET", "/version"));
  EXPECT_TRUE(first->until("\r\n").starts_with("HTTP/1.1 200"));
  Socket second(running.port());
  second.send(request("GET", "/version"));
  first.reset();
  EXPECT_TRUE(second.until("\r\n").starts_with("HTTP/1.1 200"));
}

TEST(Server, AnswersThatComeLateGoOut) {
  Running running;
  running.fake.hold = true;
  Socket socket(running.port()), gone_after(running.port());
  socket.send(post(route("a").dump()) + request("GET", "/version"));
  {
    Socket gone(running.port());
    gone.send(post(route("b").dump()));
    while (true) {
      size_t waiting = 0;
      running.run([&] { waiting = running.fake.held.size(); });
      if (waiting == 2) break;
    }
  }
  running.run([&] { running.fake.release(); });
  EXPECT_NE(socket.until("v1.34.0+kgwcore").find("HTTP/1.1 201"), std::string::npos);
  gone_after.send(request("GET", "/version"));
  EXPECT_TRUE(gone_after.until("\r\n").starts_with("HTTP/1.1 200"));
}

TEST(Server, LargeAnswersReachSlowReaders) {
  Running running;
  running.run([&] {
    for (int i = 0; i < 200; ++i)
      running.fake.put("Service", "v1", "httpbin", "s" + std::to_string(i),
                       {{"spec", {{"x", std::string(20'000, 'x')}}}});
  });
  Socket socket(running.port(), 4096);
  socket.send(request("GET", kServices) +
              request("GET", std::string(kServices) + "?watch=1&timeoutSeconds=1", "connection: close\r\n"));
  socket.end_sending();
  std::string text = socket.all();
  EXPECT_GT(text.size(), 4'000'000u);
  EXPECT_NE(text.find("ServiceList"), std::string::npos);
}

} // namespace
} // namespace kgw::test
