// The dependency table core/layers.txt, held: no source file includes a folder that its row does not list, and no file
// but a library's one home includes that library.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Table {
  std::map<std::string, std::set<std::string>> may_use;
  std::map<std::string, std::vector<std::string>> homes; // first part of the include -> folders or files
};

struct Include {
  std::string file; // from the top of the repository
  int line = 0;
  std::string path;
};

Table read_table(const fs::path& file) {
  Table table;
  bool homes = false;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    if (line == "homes") {
      homes = true;
      continue;
    }
    const auto colon = line.find(':');
    std::istringstream rest(line.substr(colon + 1));
    const auto name = line.substr(0, colon);
    if (!homes) table.may_use[name]; // a row without anything after the colon is a row too
    for (std::string word; rest >> word;) {
      if (homes) {
        table.homes[name].push_back(word);
      } else {
        table.may_use[name].insert(word);
      }
    }
  }
  return table;
}

std::optional<std::string> included_path(const std::string& line) {
  const auto hash = line.find_first_not_of(" \t");
  if (hash == std::string::npos || line[hash] != '#') return std::nullopt;
  const auto word = line.find_first_not_of(" \t", hash + 1);
  if (word == std::string::npos || line.compare(word, 7, "include") != 0) return std::nullopt;
  const auto open = line.find_first_of("\"<", word);
  const auto close = line.find_first_of("\">", open + 1);
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  return line.substr(open + 1, close - open - 1);
}

std::vector<Include> includes_below(const fs::path& root) {
  static const std::set<std::string> kinds{".h", ".cc", ".c", ".def", ".cpp", ".hpp"};
  std::vector<Include> found;
  for (const auto* folder : {"core", "config", "capi", "python/src"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (!entry.is_regular_file() || !kinds.contains(entry.path().extension())) continue;
      std::ifstream in(entry.path());
      int number = 0;
      for (std::string line; std::getline(in, line);) {
        ++number;
        if (auto path = included_path(line)) found.push_back({fs::relative(entry.path(), root), number, *path});
      }
    }
  }
  return found;
}

// "core/net/loop.cc" -> "net", "config/store.cc" -> "config"
std::string module_of(const std::string& file) {
  const bool in_core = file.starts_with("core/");
  const auto begin = in_core ? std::string("core/").size() : 0;
  return file.substr(begin, file.find('/', begin) - begin);
}

bool lies_in(const std::string& file, const std::string& home) { return file == home || file.starts_with(home + "/"); }

// What is wrong with this include, or nothing.
std::optional<std::string> objection(const Table& table, const Include& include) {
  if (include.path.find("..") != std::string::npos) return "goes up; name it from the include folder";
  for (const auto& [library, homes] : table.homes) {
    if (include.path != library && !include.path.starts_with(library)) continue;
    if (std::ranges::any_of(homes, [&](const auto& home) { return lies_in(include.file, home); })) return std::nullopt;
    return "is a library whose only home is " + homes.front();
  }
  const auto from = module_of(include.file);
  const auto to = module_of(include.path);
  const bool names_module = include.path.find('/') != std::string::npos && table.may_use.contains(to);
  if (!names_module || from == to) return std::nullopt;
  const auto row = table.may_use.find(from);
  if (row != table.may_use.end() && row->second.contains(to)) return std::nullopt;
  return from + " may not use " + to;
}

std::vector<std::string> objections(const fs::path& root) {
  const auto table = read_table(root / "core/layers.txt");
  std::vector<std::string> found;
  for (const auto& include : includes_below(root)) {
    if (auto text = objection(table, include)) {
      found.push_back(include.file + ":" + std::to_string(include.line) + ": \"" + include.path + "\" " + *text);
    }
  }
  std::ranges::sort(found);
  return found;
}

// Lines below core, config and capi that read a clock which somebody may set. One file does.
std::vector<std::string> wall_clocks(const fs::path& root) {
  std::vector<std::string> found;
  for (const auto* folder : {"core", "config", "capi"}) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto file = fs::relative(entry.path(), root).string();
      if (!entry.is_regular_file() || file == "core/net/clock.cc") continue;
      std::ifstream in(entry.path());
      int number = 0;
      for (std::string line; std::getline(in, line);) {
        ++number;
        for (const auto* clock :
             {"CLOCK_REALTIME", "system_clock", "gettimeofday", "timespec_get", "time(nullptr)", "time(NULL)"}) {
          if (line.find(clock) != std::string::npos)
            found.push_back(file + ":" + std::to_string(number) + ": " + clock);
        }
      }
    }
  }
  return found;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

TEST(Layers, HoldInThisRepository) {
  const auto found = objections(KGW_SOURCE_DIR);
  EXPECT_TRUE(found.empty()) << joined(found);
}

// So a clock that jumps moves stamps and no timer.
TEST(Layers, TheWallClockHasOneHome) {
  const auto found = wall_clocks(KGW_SOURCE_DIR);
  EXPECT_TRUE(found.empty()) << joined(found);
}

TEST(Layers, EveryCoreFolderHasARow) {
  const auto table = read_table(fs::path(KGW_SOURCE_DIR) / "core/layers.txt");
  for (const auto& entry : fs::directory_iterator(fs::path(KGW_SOURCE_DIR) / "core")) {
    if (entry.is_directory()) {
      EXPECT_TRUE(table.may_use.contains(entry.path().filename())) << entry.path();
    }
  }
}

TEST(Layers, RowsPointDownwards) {
  const auto table = read_table(fs::path(KGW_SOURCE_DIR) / "core/layers.txt");
  for (const auto& [name, uses] : table.may_use) {
    for (const auto& use : uses) {
      ASSERT_TRUE(table.may_use.contains(use)) << name << " lists " << use << ", which has no row";
      EXPECT_FALSE(table.may_use.at(use).contains(name)) << name << " and " << use << " list each other";
    }
  }
}

// The checker itself, on a small tree.
class LayersChecker : public testing::Test {
 protected:
  void SetUp() override {
    write("core/layers.txt",
          "base:\nnet: base\nproxy: base net\nconfig: base\nhomes\nevent2/: core/net\nre2/: core/base/regex.cc\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  fs::path root_ = fs::path(testing::TempDir()) / ("layers" + std::to_string(::getpid()));
};

TEST_F(LayersChecker, AcceptsWhatTheRowsList) {
  write("core/proxy/a.cc", "#include \"net/loop.h\"\n#include <vector>\n#include \"proxy/a.h\"\n#include \"b.h\"\n");
  write("core/net/loop.cc", "#include <event2/event.h>\n");
  write("core/base/regex.cc", "#  include <re2/re2.h>\n");
  EXPECT_EQ(joined(objections(root_)), "");
}

TEST_F(LayersChecker, NamesFileAndLineOfAForbiddenFolder) {
  write("core/net/a.h", "// first\n\n#include \"proxy/driver.h\"\n");
  write("config/b.cc", "#include \"core/net/loop.h\"\n");
  EXPECT_EQ(joined(objections(root_)), "config/b.cc:1: \"core/net/loop.h\" config may not use net\n"
                                       "core/net/a.h:3: \"proxy/driver.h\" net may not use proxy\n");
}

TEST_F(LayersChecker, PythonSeesTheCHeaderOnly) {
  write("python/src/a.cc", "#include <kgwcore/kgwcore.h>\n#include \"base/text.h\"\n");
  EXPECT_EQ(joined(objections(root_)), "python/src/a.cc:2: \"base/text.h\" python may not use base\n");
}

TEST_F(LayersChecker, ALibraryHasOneHome) {
  write("core/base/a.cc", "#include <event2/event.h>\n#include <re2/re2.h>\n");
  EXPECT_EQ(joined(objections(root_)),
            "core/base/a.cc:1: \"event2/event.h\" is a library whose only home is core/net\n"
            "core/base/a.cc:2: \"re2/re2.h\" is a library whose only home is core/base/regex.cc\n");
}

TEST_F(LayersChecker, SeesAWallClock) {
  write("core/net/clock.cc", "clock_gettime(CLOCK_REALTIME, &now);\n");
  write("core/proxy/a.cc", "\nauto now = std::chrono::system_clock::now();\n");
  EXPECT_EQ(joined(wall_clocks(root_)), "core/proxy/a.cc:2: system_clock\n");
}

TEST_F(LayersChecker, NoIncludeGoesUp) {
  write("core/net/a.cc", "#include \"../proxy/driver.h\"\n");
  EXPECT_EQ(joined(objections(root_)),
            "core/net/a.cc:1: \"../proxy/driver.h\" goes up; name it from the include folder\n");
}

} // namespace
