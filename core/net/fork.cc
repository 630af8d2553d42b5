#include "net/fork.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <string>

namespace kgw::net {
namespace {

// A line of an epoll fd's fdinfo per watched fd: "tfd:        7 events: ...".
bool watches(const std::string& info_path, int fd) {
  std::unique_ptr<FILE, int (*)(FILE*)> info{std::fopen(info_path.c_str(), "re"), std::fclose};
  char line[256];
  int watched = -1;
  while (info && std::fgets(line, sizeof line, info.get()) != nullptr) {
    if (std::sscanf(line, "tfd: %d", &watched) == 1 && watched == fd) return true;
  }
  return false;
}

} // namespace

int epoll_fd_watching(int fd) {
  std::unique_ptr<DIR, int (*)(DIR*)> directory{opendir("/proc/self/fdinfo"), closedir};
  while (directory) {
    dirent* entry = readdir(directory.get()); // NOLINT(concurrency-mt-unsafe): a directory of this thread's own
    if (entry == nullptr) break;
    if (entry->d_name[0] == '.') continue;
    if (watches(std::string("/proc/self/fdinfo/") + entry->d_name, fd)) return std::atoi(entry->d_name);
  }
  return -1;
}

} // namespace kgw::net
