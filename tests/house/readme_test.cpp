// The README in two languages: the same headings, commands, figures and links in the same order.
#include <fstream>
#include <regex>
#include <sstream>

#include <gtest/gtest.h>

namespace espalier {
namespace {

std::vector<std::string> lines_of(const std::string& name) {
  // tests/house/readme_test.cpp -> the repository
  std::string here = __FILE__;
  std::ifstream file(here.substr(0, here.rfind("tests/house/")) + name);
  EXPECT_TRUE(file.good()) << name;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// "# " and "## " of the headings outside code: their words differ, their order does not.
std::vector<std::string> headings(const std::vector<std::string>& lines) {
  std::vector<std::string> found;
  bool code = false;
  for (const std::string& line : lines) {
    if (line.rfind("```", 0) == 0) code = !code;
    if (!code && line.rfind("#", 0) == 0) found.push_back(line.substr(0, line.find(' ')));
  }
  return found;
}

// The lines of code without their comments.
std::vector<std::string> commands(const std::vector<std::string>& lines) {
  std::vector<std::string> found;
  bool code = false;
  for (const std::string& line : lines) {
    if (line.rfind("```", 0) == 0) code = !code;
    if (code)
      found.push_back(std::regex_replace(line.substr(0, line.find("  #")), std::regex(" +$"), ""));
  }
  return found;
}

// All that a pattern finds outside code, in order.
std::vector<std::string> matches(const std::vector<std::string>& lines, const char* pattern) {
  std::vector<std::string> found;
  bool code = false;
  for (const std::string& line : lines) {
    if (line.rfind("```", 0) == 0) code = !code;
    std::regex regex(pattern);
    if (!code)
      for (std::sregex_iterator it(line.begin(), line.end(), regex), end; it != end; ++it)
        found.push_back((*it)[1]);
  }
  return found;
}

TEST(Readme, BothLanguagesSayTheSame) {
  std::vector<std::string> english = lines_of("README.md"), chinese = lines_of("README.zh.md");
  EXPECT_GT(headings(english).size(), 4u);
  EXPECT_EQ(headings(english), headings(chinese));
  EXPECT_GT(commands(english).size(), 10u);
  EXPECT_EQ(commands(english), commands(chinese));
  // Rows of the table of verbs, flags, and links but the two to the other language.
  for (const char* pattern :
       {"^\\| `([a-z]+)` \\|", "`(--[a-z-]+)", "\\]\\((?!README)([^)]*)\\)", "([0-9]+\\.[0-9]{3})"})
    EXPECT_EQ(matches(english, pattern), matches(chinese, pattern)) << pattern;
}

}  // namespace
}  // namespace espalier
