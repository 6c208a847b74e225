#include "espalier/report/report.h"

#include <fstream>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/report/pages.h"

#include "tests/report/fake_run.h"

namespace espalier {
namespace {

using testing::FakeRun;
using testing::test_folder;
using testing::write_fake_run;

FakeRun small() {
  return {.classes = 7, .images = 200, .epochs = 3, .steps_per_epoch = 40, .side = 24};
}

std::string report_of(const std::vector<fs::path>& runs) {
  const fs::path html = test_folder() / "report.html";
  write_report(runs, html);
  return read_file(html);
}

bool has(const std::string& page, const std::string& part) {
  return page.find(part) != std::string::npos;
}

// Every element is closed in order; attributes are quoted. Void elements of the page end in "/>".
void expect_balanced(const std::string& page) {
  std::vector<std::string> open;
  for (size_t at = page.find('<'); at != std::string::npos; at = page.find('<', at + 1)) {
    if (page.compare(at, 2, "<!") == 0) continue;
    const size_t end = page.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const bool closing = page[at + 1] == '/';
    const size_t name = at + (closing ? 2 : 1);
    const std::string tag = page.substr(name, page.find_first_of(" />", name) - name);
    if (closing) {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), tag) << "at byte " << at;
      open.pop_back();
    } else if (page[end - 1] != '/') {
      open.push_back(tag);
      if (tag == "script" || tag == "style") at = page.find("</" + tag, end) - 1;
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, OneRunHasEverySection) {
  const std::string page = report_of({write_fake_run(test_folder() / "run", small())});
  for (const char* part : {"Learning curves",
                           "Confusion matrix",
                           "Does confidence mean accuracy?",
                           "hardest first",
                           "How well it ranks",
                           "Precision over recall",
                           "Most confident mistakes",
                           "Right answers",
                           "could not be used",
                           "elm/00017.jpg",
                           "Cost and machine",
                           "272 k",
                           "Configuration as resolved",
                           "AMD EPYC",
                           "A linear model on the pixels: 31.2 %",
                           "Where it looks",
                           "look/5.jpg",
                           "62.0 %",
                           "60.0 – 64.0 %",
                           "Spread evenly: 4.1 %",
                           "3.0 times as much, on 180 pictures",
                           "1 picture without a usable mask not measured",
                           ">object 61 %</span> <span class=\"whole\">part 14 %<",
                           "Look-alikes",
                           "<b>ash</b> taken for <b>birch</b>: 7 ×, the other way 3 ×"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_FALSE(has(page, "class=\"warnings\""));
  expect_balanced(page);
}

TEST(Report, LoadsNothingFromOutside) {
  const std::string page = report_of({write_fake_run(test_folder() / "run", small())});
  for (const char* part : {"http:", "https:", "//www", "@import", "url(", "<link", "<iframe"})
    EXPECT_FALSE(has(page, part)) << part;
  for (size_t at = page.find("src=\""); at != std::string::npos; at = page.find("src=\"", at + 1))
    EXPECT_EQ(page.substr(at + 5, 5), "data:");
  EXPECT_FALSE(has(page, test_folder().string()))
      << "a page that travels does not tell where it was made";
}

TEST(Report, HostileNamesAreText) {
  const fs::path run = write_fake_run(test_folder() / "run", small());
  std::string eval = read_file(run / "eval-test.json");
  for (size_t at; (at = eval.find("\"ash\"")) != std::string::npos;)
    eval.replace(at, 5, R"("<script>alert('x')</script>&\"")");
  write_file_atomic(run / "eval-test.json", eval);
  write_file_atomic(run / "config.toml", "name = '</pre><img src=x onerror=alert(1)>'\n");
  const std::string page = report_of({run});
  EXPECT_FALSE(has(page, "<script>alert"));
  EXPECT_FALSE(has(page, "<img src=x"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;"));
  expect_balanced(page);
}

TEST(Report, AbsentPartsNameTheirCommand) {
  const fs::path run = test_folder() / "run";
  fs::remove_all(run);
  write_file_atomic(run / "config.toml", "epochs = 3\n");
  const std::string page = report_of({run});
  for (const char* part :
       {"espalier eval run --split test", "espalier export run", "espalier train"})
    EXPECT_TRUE(has(page, part)) << part;
  expect_balanced(page);
}

TEST(Report, EscapingPictureIsRefusedWithItsPlace) {
  const fs::path run = write_fake_run(test_folder() / "run", small());
  write_png(test_folder() / "secret.png", Image(3, 3, 1));
  nlohmann::json eval = nlohmann::json::parse(read_file(run / "eval-test.json"));
  eval["mistakes"][1]["image"] = "../secret.png";
  write_file_atomic(run / "eval-test.json", eval.dump());
  EXPECT_TRUE(has(report_of({run}),
                  "eval-test.json, mistakes[1]: the picture &#39;../secret.png&#39; is not inside "
                  "the run folder"));
}

TEST(Report, BestIsMarkedOnlyWhenIntervalsDoNotTouch) {
  FakeRun weak = small(), strong = small(), same = small();
  weak.skill = 1;
  weak.images = strong.images = same.images = 400;
  strong.skill = 4;
  strong.seed = 2;
  same.skill = 3.9;
  same.seed = 3;
  const fs::path a = write_fake_run(test_folder() / "a", weak),
                 b = write_fake_run(test_folder() / "b", strong),
                 c = write_fake_run(test_folder() / "c", same);
  const std::string clear = report_of({a, b});
  EXPECT_TRUE(has(clear, "class=\"num best\""));
  EXPECT_TRUE(has(clear, "What was configured differently"));
  expect_balanced(clear);
  EXPECT_FALSE(has(report_of({a, b, c}), "class=\"num best\"><span class=\"value\">9"));
  EXPECT_FALSE(has(report_of({b, b}), "class=\"num best\""));
}

TEST(Report, MapsOfSeveralRunsStandSideBySide) {
  FakeRun other = small();
  other.seed = 2;
  const fs::path a = write_fake_run(test_folder() / "a", small()),
                 b = write_fake_run(test_folder() / "b", other);
  nlohmann::json eval = nlohmann::json::parse(read_file(b / "eval-test.json"));
  eval["looks"].erase(2);  // only what all runs kept is compared
  write_file_atomic(b / "eval-test.json", eval.dump());
  const std::string page = report_of({a, b});
  for (const char* part : {"Where they look", "look/0.jpg", "look/5.jpg", "evidence of a",
                           "evidence of b", "On the decisive part", "12.3 %", "4.1 %", "part 14 %"})
    EXPECT_TRUE(has(page, part)) << part;
  EXPECT_FALSE(has(page, "look/2.jpg"));
  expect_balanced(page);
  eval.erase("looks");
  eval.erase("evidence");
  write_file_atomic(b / "eval-test.json", eval.dump());
  const std::string without = report_of({a, b});
  EXPECT_FALSE(has(without, "look/0.jpg"));
  EXPECT_TRUE(has(without, "12.3 %"));
  expect_balanced(without);
}

TEST(Report, ComparingDifferentDataIsSaid) {
  const fs::path a = write_fake_run(test_folder() / "a", small()),
                 b = write_fake_run(test_folder() / "b", small());
  EXPECT_FALSE(has(report_of({a, b}), "different data"));
  write_file_atomic(b / "summary.json", R"({"data": "other"})");
  EXPECT_TRUE(has(report_of({a, b}), "different data"));
}

TEST(Report, BadUseIsSaid) {
  EXPECT_THROW(write_report({}, test_folder() / "x.html"), Error);
  EXPECT_THROW(write_report({test_folder() / "none"}, test_folder() / "x.html"), Error);
}

// Bytes changed, cut and doubled at random: a page or an Error, never anything else.
TEST(Report, DamagedFilesNeverCrash) {
  FakeRun fake = small();
  fake.images = 40;
  fake.steps_per_epoch = 4;
  const fs::path run = write_fake_run(test_folder() / "run", fake);
  Random random(7);
  for (const char* name :
       {"eval-test.json", "summary.json", "metrics.jsonl", "config.toml", "export.json"}) {
    const std::string whole = read_file(run / name);
    for (int round = 0; round < 60; ++round) {
      std::string bytes = whole;
      for (int64_t k = random.below(6) + 1; k > 0 && !bytes.empty(); --k) {
        const size_t at = static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())));
        const int64_t kind = random.below(4);
        if (kind == 0) bytes[at] = static_cast<char>(random.below(256));
        if (kind == 1) bytes[at] = "0123456789{}[]\",:-e"[random.below(19)];
        if (kind == 2) bytes.erase(at, static_cast<size_t>(random.below(40)));
        if (kind == 3) bytes.insert(at, bytes.substr(at, static_cast<size_t>(random.below(40))));
      }
      std::ofstream(run / name, std::ios::binary)
          << bytes;  // many times: without waiting for the disk
      try {
        const RunRecord record = read_run(run);
        expect_balanced(single_page(record));
        expect_balanced(comparison_page({record, record}));
      } catch (const Error&) {
      }
    }
    write_file_atomic(run / name, whole);
  }
}

}  // namespace
}  // namespace espalier
