#pragma once
// A name server on 127.0.0.1 that says what a test wants, over UDP and, where that is too small, TCP. On a thread of
// its own.

#include <atomic>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/address.h"

namespace kgw::net {

struct DnsRecord {
  std::string address;
  uint32_t ttl = 60;
};

struct DnsAnswer {
  int code = 0; // 3: no such name, 2: server failure
  std::vector<DnsRecord> records;
  bool silent = false;
};

class DnsServer {
 public:
  static constexpr uint16_t kA = 1, kAaaa = 28;
  // Set before the first query. What is not there does not exist (code 3).
  std::map<std::pair<std::string, uint16_t>, DnsAnswer> answers;

  DnsServer() {
    // One number for both: a port that is free for one may be taken for the other, by a closed connection too.
    for (int tries = 0; udp_ < 0 && tries < 100; ++tries) {
      tcp_ = bound(SOCK_STREAM, 0);
      address_ = address_of(tcp_);
      udp_ = bound(SOCK_DGRAM, address_.port);
      if (udp_ < 0) ::close(tcp_);
    }
    if (udp_ < 0 || ::listen(tcp_, 8) != 0) std::abort();
  }
  ~DnsServer() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    ::close(udp_);
    ::close(tcp_);
  }
  void start() {
    thread_ = std::thread([this] { serve(); });
  }
  const Address& address() const { return address_; }
  int queries(uint16_t type) const { return type == kA ? a_queries_ : aaaa_queries_; }

 private:
  static int bound(int type, uint16_t port) {
    int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_storage raw;
    unsigned size = to_sockaddr(*parse_address("127.0.0.1", port), raw);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&raw), size) == 0) return fd;
    ::close(fd);
    return -1;
  }
  static Address address_of(int fd) {
    sockaddr_storage raw;
    socklen_t size = sizeof raw;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&raw), &size);
    return from_sockaddr(reinterpret_cast<sockaddr*>(&raw));
  }

  void serve() {
    while (!stop_) {
      pollfd waiting[2] = {{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}};
      if (::poll(waiting, 2, 20) <= 0) continue;
      if (waiting[0].revents != 0) serve_udp();
      if (waiting[1].revents != 0) serve_tcp();
    }
  }

  void serve_udp() {
    unsigned char query[kSmall];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    ssize_t got = ::recvfrom(udp_, query, sizeof query, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 17) return;
    std::string reply = answer({query, query + got});
    if (reply.size() > kSmall) {
      reply.resize(static_cast<size_t>(got));
      reply[2] = static_cast<char>(reply[2] | 2); // truncated: come again over TCP
      reply.replace(6, 6, std::string(6, '\0'));
    }
    if (!reply.empty()) ::sendto(udp_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }

  void serve_tcp() {
    int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC);
    timeval patience{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    unsigned char query[kSmall];
    ssize_t got = ::recv(fd, query, sizeof query, 0);
    if (got > 19) {
      std::string reply, body = answer({query + 2, query + got});
      put16(reply, body.size());
      reply += body;
      ::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      ::recv(fd, query, sizeof query, 0); // the client closes first
    }
    ::close(fd);
  }

  std::string answer(const std::basic_string<unsigned char>& query) {
    std::string name;
    size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      if (!name.empty()) name += '.';
      name.append(query.begin() + static_cast<std::ptrdiff_t>(at) + 1,
                  query.begin() + static_cast<std::ptrdiff_t>(at) + 1 + query[at]);
      at += query[at] + 1u;
    }
    auto type = static_cast<uint16_t>(query[at + 1] << 8 | query[at + 2]);
    ++(type == kA ? a_queries_ : aaaa_queries_);
    auto found = answers.find({name, type});
    DnsAnswer said = found == answers.end() ? DnsAnswer{.code = 3, .records = {}} : found->second;
    return said.silent ? std::string()
                       : message({query.begin(), query.begin() + static_cast<std::ptrdiff_t>(at) + 5}, said, type);
  }

  static void put16(std::string& out, size_t n) {
    out += static_cast<char>(n >> 8);
    out += static_cast<char>(n & 0xff);
  }

  static std::string message(std::string out, const DnsAnswer& said, uint16_t type) {
    out[2] = static_cast<char>(0x81);
    out[3] = static_cast<char>(0x80 | said.code);
    std::string count;
    put16(count, said.records.size());
    out.replace(6, 6, count + std::string(4, '\0'));
    for (auto& record : said.records) {
      put16(out, 0xc00c); // the name of the question
      put16(out, type);
      put16(out, 1);
      put16(out, record.ttl >> 16);
      put16(out, record.ttl & 0xffff);
      Address address = *parse_address(record.address, 0);
      put16(out, address.v6 ? 16 : 4);
      out.append(reinterpret_cast<const char*>(address.bytes), address.v6 ? 16 : 4);
    }
    return out;
  }

  static constexpr size_t kSmall = 512;
  int udp_ = -1, tcp_ = -1;
  Address address_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> a_queries_ = 0, aaaa_queries_ = 0;
  std::thread thread_;
};

} // namespace kgw::net
