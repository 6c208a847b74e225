// Reads every file under src/ and holds it to the house rules of docs/design.md: a room includes only
// rooms that stand before it, files do not include each other in a circle, LibTorch's heavy headers
// stay out of our headers, files stay small.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace fs = std::filesystem;

namespace espalier {
namespace {

using Words = std::vector<std::string>;
using Files = std::map<std::string, std::string>;  // path below src/ -> content

// docs/design.md section 2: a room may include what stands before it.
const Words kRooms = {"core",    "format", "data",  "metrics", "tensor", "nn",
                      "models",  "deploy", "tasks", "train",   "prune",  "text",
                      "tabular", "report", "lab",   "app"};
const std::set<std::string> kPlainRooms = {"core", "format", "data", "metrics", "report"};
const std::set<std::string> kNarrowTorch = {"ATen/core/Tensor.h", "torch/nn/module.h",
                                            "torch/types.h"};

struct Include {
  int line;
  std::string name;
  bool quoted;
};

std::vector<Include> includes_of(const std::string& text) {
  static const std::regex pattern(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    std::smatch match;
    if (std::regex_search(line, match, pattern))
      found.push_back({number, match[2], match[1] == "\""});
  }
  return found;
}

// "espalier/nn/fpn.h" -> "nn", "app/main.cpp" -> "app", "" for what is ours nowhere.
std::string room_of(const std::string& path) {
  Words parts;
  for (const auto& part : fs::path(path)) parts.push_back(part.string());
  if (parts.size() >= 2 && parts[0] == "app") return "app";
  return parts.size() >= 3 && parts[0] == "espalier" ? parts[1] : "";
}

size_t rank(const std::string& room) {
  return static_cast<size_t>(std::find(kRooms.begin(), kRooms.end(), room) - kRooms.begin());
}

bool is_header(const std::string& path) {
  return fs::path(path).extension() == ".h";
}

bool is_torch(const std::string& name) {
  return name.starts_with("torch/") || name.starts_with("ATen/") || name.starts_with("c10/");
}

void check_include(const std::string& path,
                   const Include& include,
                   const Files& files,
                   Words& faults) {
  auto complain = [&](const std::string& why) {
    faults.push_back(fmt::format("src/{}:{}: {}: {}", path, include.line, include.name, why));
  };
  const std::string room = room_of(path);
  if (!include.quoted) {
    if (!is_torch(include.name)) return;
    if (kPlainRooms.count(room))
      complain("a room of the plain library knows no LibTorch");
    else if (is_header(path) && room != "tensor" && !kNarrowTorch.count(include.name))
      complain("a heavy LibTorch header in a header outside tensor/");
    return;
  }
  if (!files.count(include.name)) return complain("no such file below src/");
  const std::string other = room_of(include.name);
  if (kPlainRooms.count(room) && !kPlainRooms.count(other))
    complain("the plain library includes a room with tensors");
  else if (rank(other) > rank(room))
    complain("a wrong arrow: " + room + " stands before " + other);
  if (is_header(path) && room != "tensor" && include.name == "espalier/tensor/torch.h")
    complain("the heavy LibTorch headers in a header outside tensor/");
}

void check_file(const std::string& path, const std::string& text, Words& faults) {
  auto complain = [&](const std::string& why) {
    faults.push_back(fmt::format("src/{}: {}", path, why));
  };
  if (rank(room_of(path)) == kRooms.size()) complain("in no room of docs/design.md");
  auto lines = std::count(text.begin(), text.end(), '\n');
  int limit = is_header(path) ? 200 : 500;
  if (lines > limit)
    complain(fmt::format("{} lines, more than {}: it wants to be two files", lines, limit));
  if (is_header(path) && text.find("#pragma once") == std::string::npos)
    complain("no #pragma once");
}

// Depth first; `open` is the way from the root to here.
void find_circles(const std::string& path,
                  const std::map<std::string, Words>& graph,
                  Words& open,
                  std::set<std::string>& done,
                  Words& faults) {
  auto start = std::find(open.begin(), open.end(), path);
  if (start != open.end()) {
    faults.push_back(fmt::format("a circle: {} -> {}", fmt::join(start, open.end(), " -> "), path));
    return;
  }
  if (!done.insert(path).second) return;
  open.push_back(path);
  if (auto edges = graph.find(path); edges != graph.end())
    for (const std::string& next : edges->second) find_circles(next, graph, open, done, faults);
  open.pop_back();
}

Words check_house(const Files& files) {
  Words faults;
  std::map<std::string, Words> graph;
  for (const auto& [path, text] : files) {
    check_file(path, text, faults);
    for (const Include& include : includes_of(text)) {
      check_include(path, include, files, faults);
      if (include.quoted) graph[path].push_back(include.name);
    }
  }
  Words open;
  std::set<std::string> done;
  for (const auto& [path, text] : files) find_circles(path, graph, open, done, faults);
  return faults;
}

Files read_sources(const fs::path& root) {
  Files files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const auto extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    files[entry.path().lexically_relative(root).string()] = text.str();
  }
  return files;
}

std::string only_fault(const Files& files) {
  Words faults = check_house(files);
  return faults.size() == 1 ? faults[0]
                            : fmt::format("{} faults: {}", faults.size(), fmt::join(faults, "; "));
}

const std::string kHeader = "// What it is for.\n#pragma once\n";

TEST(House, RoomsIncludeOnlyEarlierOnesAndFilesAreSmall) {
  Files files = read_sources(fs::path(__FILE__).parent_path().parent_path().parent_path() / "src");
  ASSERT_GT(files.size(), 50u) << "the sources were not found";
  for (const std::string& fault : check_house(files)) ADD_FAILURE() << fault;
}

TEST(House, AcceptsAnArrowToAnEarlierRoom) {
  EXPECT_TRUE(check_house({{"espalier/core/error.h", kHeader},
                           {"espalier/nn/loss.h", kHeader + "#include <ATen/core/Tensor.h>\n"},
                           {"espalier/nn/loss.cpp",
                            "#include \"espalier/nn/loss.h\"\n#include \"espalier/core/error.h\"\n"
                            "#include <torch/torch.h>\n"},
                           {"app/main.cpp", "#include \"espalier/nn/loss.h\"\n"}})
                  .empty());
}

TEST(House, CatchesAnArrowToALaterRoom) {
  EXPECT_EQ(
      only_fault({{"espalier/nn/loss.h", kHeader + "#include \"espalier/tasks/task.h\"\n"},
                  {"espalier/tasks/task.h", kHeader}}),
      "src/espalier/nn/loss.h:3: espalier/tasks/task.h: a wrong arrow: nn stands before tasks");
}

TEST(House, CatchesTensorsInThePlainLibrary) {
  EXPECT_EQ(only_fault({{"espalier/data/loader.cpp", "#include \"espalier/tensor/runtime.h\"\n"},
                        {"espalier/tensor/runtime.h", kHeader}}),
            "src/espalier/data/loader.cpp:1: espalier/tensor/runtime.h: the plain library includes "
            "a room "
            "with tensors");
  EXPECT_EQ(only_fault({{"espalier/report/page.cpp", "  #  include <c10/util/Half.h>\n"}}),
            "src/espalier/report/page.cpp:1: c10/util/Half.h: a room of the plain library knows no "
            "LibTorch");
}

TEST(House, CatchesHeavyHeadersInAHeader) {
  EXPECT_EQ(only_fault({{"espalier/nn/loss.h", kHeader + "#include <torch/torch.h>\n"}}),
            "src/espalier/nn/loss.h:3: torch/torch.h: a heavy LibTorch header in a header outside "
            "tensor/");
  EXPECT_EQ(only_fault({{"espalier/nn/loss.h", kHeader + "#include \"espalier/tensor/torch.h\"\n"},
                        {"espalier/tensor/torch.h", kHeader + "#include <torch/torch.h>\n"}}),
            "src/espalier/nn/loss.h:3: espalier/tensor/torch.h: the heavy LibTorch headers in a "
            "header outside "
            "tensor/");
}

TEST(House, CatchesACircleOfFiles) {
  EXPECT_EQ(only_fault({{"espalier/nn/a.h", kHeader + "#include \"espalier/nn/b.h\"\n"},
                        {"espalier/nn/b.h", kHeader + "#include \"espalier/nn/c.h\"\n"},
                        {"espalier/nn/c.h", kHeader + "#include \"espalier/nn/b.h\"\n"}}),
            "a circle: espalier/nn/b.h -> espalier/nn/c.h -> espalier/nn/b.h");
}

TEST(House, CatchesABareNameAndAStrangeFolder) {
  EXPECT_EQ(only_fault({{"espalier/nn/loss.cpp", "#include \"loss.h\"\n"},
                        {"espalier/nn/loss.h", kHeader}}),
            "src/espalier/nn/loss.cpp:1: loss.h: no such file below src/");
  EXPECT_EQ(only_fault({{"espalier/utils/misc.cpp", ""}}),
            "src/espalier/utils/misc.cpp: in no room of docs/design.md");
}

TEST(House, CatchesALongFileAndAMissingGuard) {
  EXPECT_EQ(only_fault({{"espalier/nn/loss.h", "// What it is for.\n"}}),
            "src/espalier/nn/loss.h: no #pragma once");
  EXPECT_EQ(only_fault({{"espalier/nn/loss.h", kHeader + std::string(199, '\n')}}),
            "src/espalier/nn/loss.h: 201 lines, more than 200: it wants to be two files");
  EXPECT_EQ(only_fault({{"espalier/nn/loss.cpp", std::string(501, '\n')}}),
            "src/espalier/nn/loss.cpp: 501 lines, more than 500: it wants to be two files");
}

}  // namespace
}  // namespace espalier
