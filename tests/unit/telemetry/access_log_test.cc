// The writer against outputs that misbehave.
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "telemetry/access_log.h"
#include "unit/telemetry/records.h"

namespace kgw::telemetry {
namespace {

class AccessLogTest : public testing::Test {
 protected:
  void SetUp() override {
    std::signal(SIGPIPE, SIG_IGN); // the gateway's threads have it blocked
    std::string pattern = testing::TempDir() + "access_log_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    path = folder + "/log";
  }
  void TearDown() override {
    if (writer.joinable()) finish();
    std::ignore = system(("rm -r " + folder).c_str());
  }

  void open(size_t records = 64, unsigned workers = 1) {
    auto made = AccessLog::open({.path = path, .headers = {}, .queue_records = records}, workers, quiet);
    ASSERT_TRUE(made) << made.error().text;
    log = std::move(*made);
    writer = std::thread([this] { log->run(); });
  }
  void push(const std::string& request, unsigned worker = 0) {
    Finished finished;
    finished.path = request;
    log->queue(worker).push(finished.record());
  }
  void finish(int limit_ms = 10'000) {
    log->finish(limit_ms);
    writer.join();
  }
  template <class Condition> void until(Condition condition) {
    for (int i = 0; i < 2000 && !condition(); ++i) usleep(5000);
    ASSERT_TRUE(condition());
  }
  // The request paths of a file whose every line is whole.
  static std::vector<std::string> paths(const std::string& file) {
    std::ifstream in(file);
    std::stringstream all;
    all << in.rdbuf();
    return paths_of(all.str());
  }
  static std::vector<std::string> paths_of(const std::string& text) {
    EXPECT_TRUE(text.empty() || text.back() == '\n');
    std::vector<std::string> found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_TRUE(line.starts_with("{\"start_time\":") && line.ends_with("]}")) << line;
      auto at = line.find("\"path\":\"") + 8;
      found.push_back(line.substr(at, line.find('"', at) - at));
    }
    return found;
  }

  base::Log quiet;
  std::string folder, path;
  std::unique_ptr<AccessLog> log;
  std::thread writer;
};

TEST_F(AccessLogTest, WritesWhatWasPushed) {
  open();
  push("/a");
  until([&] { return log->written() == 1; }); // without finish: a lonely line does not wait
  push("/b");
  push("/c");
  finish();
  EXPECT_EQ(paths(path), (std::vector<std::string>{"/a", "/b", "/c"}));
  EXPECT_EQ(log->written(), 3u);
}

TEST_F(AccessLogTest, AppendsToWhatIsThere) {
  for (const char* request : {"/a", "/b"}) {
    open();
    push(request);
    finish();
  }
  EXPECT_EQ(paths(path), (std::vector<std::string>{"/a", "/b"}));
}

TEST_F(AccessLogTest, APathThatCannotBeOpened) {
  auto made = AccessLog::open({.path = folder + "/no/such", .headers = {}}, 1, quiet);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, base::ErrorCode::kIo);
  EXPECT_EQ(made.error().os_error, ENOENT);
  EXPECT_NE(made.error().text.find(folder + "/no/such"), std::string::npos);
}

TEST_F(AccessLogTest, TheLimitIsDividedAmongWorkers) {
  auto made = AccessLog::open({.path = path, .headers = {}, .queue_records = 5}, 2, quiet); // nobody writes
  log = std::move(*made);
  for (int i = 0; i < 3; ++i) push("/", 0);
  for (int i = 0; i < 2; ++i) push("/", 1);
  EXPECT_EQ(log->dropped(), 0u);
  push("/", 0);
  push("/", 1);
  EXPECT_EQ(log->dropped(), 2u);
}

TEST_F(AccessLogTest, WorkersDoNotTearEachOthersLines) {
  constexpr int kEach = 5000;
  open(1 << 16, 2);
  std::thread workers[2];
  for (unsigned i = 0; i < 2; ++i) {
    workers[i] = std::thread([this, i] {
      for (int k = 0; k < kEach; ++k) push("/" + std::to_string(i), i);
    });
  }
  for (auto& worker : workers) worker.join();
  finish();
  EXPECT_EQ(paths(path).size(), 2u * kEach);
}

TEST_F(AccessLogTest, AFullDiskCostsLinesAndNothingElse) {
  path = "/dev/full";
  open();
  for (int i = 0; i < 10; ++i) push("/");
  until([&] { return log->write_failed() == 10; });
  finish();
  EXPECT_EQ(log->written(), 0u);
  EXPECT_EQ(log->dropped(), 0u);
}

// RLIMIT_FSIZE stands for the disk: a write up to it is taken in part, the next one refused.
TEST_F(AccessLogTest, ADiskThatWasFullTearsNoLine) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  open();
  push("/a");
  until([&] { return log->written() == 1; });
  struct stat what{};
  stat(path.c_str(), &what);
  rlimit tight{static_cast<rlim_t>(what.st_size + what.st_size / 2), before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &tight);
  push("/b"); // half of it fits
  push("/c");
  until([&] { return stat(path.c_str(), &what) == 0 && what.st_size == static_cast<off_t>(tight.rlim_cur); });
  push("/d");
  until([&] { return log->write_failed() >= 1; });
  setrlimit(RLIMIT_FSIZE, &before);
  push("/e");
  until([&] { return log->written() >= 3; });
  finish();
  auto found = paths(path);
  ASSERT_GE(found.size(), 3u);
  EXPECT_EQ(found[0], "/a");
  EXPECT_EQ(found[1], "/b");
  EXPECT_EQ(found.back(), "/e");
  EXPECT_EQ(log->written() + log->write_failed(), 5u);
}

TEST_F(AccessLogTest, AReaderThatLeavesCostsLines) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  open();
  push("/a");
  until([&] { return log->written() == 1; });
  close(reader);
  push("/b");
  until([&] { return log->write_failed() == 1; });
  finish();
}

TEST_F(AccessLogTest, AReaderThatDoesNotReadHoldsUpNobody) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  open(8);
  constexpr int kRecords = 2000; // far more than the pipe holds
  for (int i = 0; i < kRecords; ++i) {
    push("/");
    usleep(10);
  }
  until([&] { return log->dropped() > 0; });
  auto start = std::chrono::steady_clock::now();
  finish(50);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(log->written() + log->dropped(), static_cast<uint64_t>(kRecords));
  std::string text;
  char bytes[4096];
  for (ssize_t n; (n = read(reader, bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<size_t>(n));
  EXPECT_EQ(paths_of(text).size(), log->written()); // whole lines, all that were counted
  close(reader);
}

TEST_F(AccessLogTest, ReopenAfterARename) {
  open();
  push("/a");
  until([&] { return log->written() == 1; });
  rename(path.c_str(), (path + ".1").c_str());
  push("/b");
  until([&] { return log->written() == 2; });
  ASSERT_TRUE(log->reopen());
  push("/c");
  finish();
  EXPECT_EQ(paths(path + ".1"), (std::vector<std::string>{"/a", "/b"}));
  EXPECT_EQ(paths(path), (std::vector<std::string>{"/c"}));
}

TEST_F(AccessLogTest, AReopenThatFailsKeepsTheOldFile) {
  open();
  rename(path.c_str(), (path + ".1").c_str());
  mkdir(path.c_str(), 0700);
  auto reopened = log->reopen();
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().os_error, EISDIR);
  push("/a");
  finish();
  EXPECT_EQ(paths(path + ".1"), (std::vector<std::string>{"/a"}));
}

TEST_F(AccessLogTest, ReopenFreesAWriterThatIsStuck) {
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  int filler = ::open(path.c_str(), O_WRONLY | O_NONBLOCK); // with a full pipe the writer is stuck at its first line
  while (write(filler, "x", 1) == 1) continue;
  close(filler);
  open(8);
  uint64_t pushed = 0;
  for (; pushed < 2000 && log->dropped() == 0; ++pushed) {
    push("/a");
    usleep(10);
  }
  ASSERT_GT(log->dropped(), 0u);
  ASSERT_EQ(log->written(), 0u);
  ASSERT_LT(log->dropped(), pushed);
  unlink(path.c_str());
  ASSERT_TRUE(log->reopen());
  until([&] { return log->written() + log->dropped() == pushed; }); // what had waited is written
  push("/b");
  finish();
  EXPECT_EQ(paths(path).back(), "/b");
  close(reader);
}

} // namespace
} // namespace kgw::telemetry
