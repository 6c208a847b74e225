#include "espalier/report/run_record.h"

#include <cmath>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/report/picture.h"

#include "tests/report/fake_run.h"

namespace espalier {
namespace {

fs::path fresh_folder() {
  const fs::path folder = testing::test_folder();
  fs::remove_all(folder);
  make_folder(folder);
  return folder;
}

RunRecord read_with(const std::string& file, const std::string& text) {
  const fs::path folder = fresh_folder();
  write_file_atomic(folder / file, text);
  return read_run(folder);
}

// The only warning says all these parts.
void expect_warning(const RunRecord& run, const std::vector<std::string>& parts) {
  ASSERT_EQ(run.warnings.size(), 1U);
  for (const std::string& part : parts)
    EXPECT_NE(run.warnings[0].find(part), std::string::npos) << run.warnings[0];
}

TEST(RunRecord, ReadsWhatTrainingWrote) {
  const RunRecord run = read_run(
      testing::write_fake_run(fresh_folder(), {.images = 200, .epochs = 3, .steps_per_epoch = 10}));
  EXPECT_TRUE(run.warnings.empty()) << run.warnings[0];
  EXPECT_EQ(run.steps.size(), 30U);
  ASSERT_EQ(run.epochs.size(), 3U);
  ASSERT_EQ(run.epochs[0].scores.items.size(), 2U);
  EXPECT_EQ(run.epochs[0].scores.items[0].name, "accuracy");
  EXPECT_TRUE(run.epochs[0].scores.items[0].interval.has_value());
  ASSERT_TRUE(run.facts.has_value());
  EXPECT_EQ(run.facts->model, "resnet20");
  EXPECT_EQ(run.facts->input, "3 × 96 × 96");
  EXPECT_EQ(run.failure_count, 2);
  EXPECT_EQ(run.failures[1].id, "fir/00203.jpg");
  ASSERT_NE(run.evaluation(), nullptr);
  EXPECT_EQ(run.evaluation()->scores.items.front().name, "accuracy");
  EXPECT_EQ(run.evaluation()->scores.items.back().name, "calibration_error") << "order is kept";
  EXPECT_EQ(run.evaluation()->confusion.size(), 10U);
  EXPECT_TRUE(run.evaluation()->mistakes[0].image.starts_with("data:image/png;base64,iVBORw0KGgo"));
  EXPECT_EQ(run.config[0].first, "augment.flip");
}

TEST(RunRecord, NoRunIsAnError) {
  const fs::path folder = fresh_folder();
  try {
    read_run(folder);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
  }
  try {
    read_run(folder / "missing");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::io);
    EXPECT_NE(std::string(error.what()).find("missing"), std::string::npos);
  }
}

TEST(RunRecord, LastLineOfAKilledRunIsSkippedInSilence) {
  const RunRecord run = read_with(
      "metrics.jsonl", "{\"kind\":\"step\",\"step\":1,\"loss\":2}\n{\"kind\":\"step\",\"st");
  EXPECT_TRUE(run.warnings.empty());
  EXPECT_EQ(run.steps.size(), 1U);
}

TEST(RunRecord, BadLineIsNamedAndTheOthersStay) {
  const RunRecord run = read_with("metrics.jsonl",
                                  "{\"kind\":\"step\",\"step\":1,\"loss\":2}\nnonsense\n{\"kind\":"
                                  "\"step\",\"step\":2,\"loss\":1}\n");
  expect_warning(run, {"metrics.jsonl, line 2", "parse error"});
  EXPECT_EQ(run.steps.size(), 2U);
}

TEST(RunRecord, NotANumberIsAGap) {
  const RunRecord run = read_with(
      "metrics.jsonl",
      "{\"kind\":\"step\",\"step\":1,\"loss\":null}\n{\"kind\":\"step\",\"step\":2,\"loss\":1}\n");
  EXPECT_TRUE(run.warnings.empty());
  EXPECT_TRUE(std::isnan(run.steps[0].loss));
  expect_warning(read_with("metrics.jsonl", "{\"kind\":\"step\",\"step\":1,\"loss\":NaN}\n"),
                 {"line 1"});
  expect_warning(read_with("metrics.jsonl", "{\"kind\":\"step\",\"step\":1,\"loss\":1e999}\n"),
                 {"line 1"});
}

TEST(RunRecord, ResumedRunCountsStepsOnce) {
  std::string text;
  for (int step : {1, 2, 3, 4, 3, 4, 5})
    text += fmt::format("{{\"kind\":\"step\",\"step\":{},\"loss\":{}}}\n", step, text.size());
  const RunRecord run = read_with("metrics.jsonl", text);
  ASSERT_EQ(run.steps.size(), 5U);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(run.steps[i].step, static_cast<double>(i + 1));
  EXPECT_GT(run.steps[2].loss, run.steps[1].loss + 50) << "the later account holds";
}

TEST(RunRecord, FailuresOfTheLogCountOncePerImage) {
  const std::string line = R"({"kind":"failure","id":"a.jpg","reason":"cut"})"
                           "\n";
  const RunRecord run =
      read_with("metrics.jsonl", line + line +
                                     R"({"kind":"failure","id":"b.jpg","reason":"cut"})"
                                     "\n");
  EXPECT_EQ(run.failure_count, 2);
}

TEST(RunRecord, DamagedJsonIsLocated) {
  expect_warning(read_with("summary.json", "{\"task\": "), {"summary.json", "line 1"});
  expect_warning(read_with("summary.json", "[]"), {"summary.json", "expected an object"});
  expect_warning(read_with("summary.json", R"({"task": 3})"), {"summary.json", "'task'"});
  expect_warning(read_with("config.toml", "a = 1\nb = \n"), {"config.toml, line 2"});
  expect_warning(read_with("eval-test.json", R"({"classes":["a","b"],"confusion":[[1,2],[3]]})"),
                 {"eval-test.json", "'confusion' row 1"});
  expect_warning(read_with("eval-test.json", R"({"classes":["a"],"confusion":[[-1]]})"), {"row 0"});
  expect_warning(read_with("eval-test.json", R"({"classes":["a"],"per_class":[]})"),
                 {"0 rows for 1 classes"});
  expect_warning(read_with("eval-test.json", R"({"scores":{"accuracy":{"value":"high"}}})"),
                 {"scores, accuracy", "'value'"});
}

TEST(RunRecord, ClassIndicesReadAsNames) {
  const RunRecord run = read_with(
      "eval-val.json",
      R"({"classes":["ash","elm"],"mistakes":[{"truth":1,"predicted":0},{"truth":7,"predicted":0}]})");
  ASSERT_EQ(run.evaluation()->mistakes.size(), 2U);
  EXPECT_EQ(run.evaluation()->split, "val");
  EXPECT_EQ(run.evaluation()->mistakes[0].truth, "elm");
  EXPECT_EQ(run.evaluation()->mistakes[1].truth, "class 7");
}

TEST(RunRecord, SharesAndPairsAreReadWithDistrust) {
  const std::string classes = R"({"classes":["ash","elm"],)";
  const RunRecord run = read_with(
      "eval-test.json",
      classes +
          R"("looks":[{"object":{"share":1e9,"even":-3},"part":{"share":0.5}}],)"
          R"("pairs":[{"truth":0,"taken_for":1,"count":2,"mistaken":{"id":"a"}},{"truth":0}],)"
          R"("evidence":{"object":{"share":0.4,"even":0.2,"low":0.3,"high":0.5}}})");
  EXPECT_TRUE(run.warnings.empty()) << run.warnings[0];
  const Evaluation& evaluation = *run.evaluation();
  ASSERT_TRUE(evaluation.looks.at(0).object.has_value());
  EXPECT_EQ(evaluation.looks[0].object->share, 1);
  EXPECT_EQ(evaluation.looks[0].object->even, 0);
  EXPECT_FALSE(evaluation.looks[0].part.has_value()) << "half of it says nothing";
  ASSERT_EQ(evaluation.pairs.size(), 1U) << "a pair without a mistake is none";
  EXPECT_EQ(evaluation.pairs[0].taken_for, "elm");
  EXPECT_FALSE(evaluation.pairs[0].right.has_value());
  ASSERT_TRUE(evaluation.object && evaluation.object->interval);
  EXPECT_EQ(evaluation.object->interval->high, 0.5);
  EXPECT_FALSE(evaluation.part.has_value());
  expect_warning(read_with("eval-test.json", classes + R"("evidence":{"part":[1]}})"),
                 {"eval-test.json, evidence", "'part' is no object"});
  expect_warning(
      read_with("eval-test.json", classes + R"("looks":[{"object":{"share":"x","even":1}}]})"),
      {"looks[0], object", "'share' is no number"});
  expect_warning(
      read_with("eval-test.json", classes + R"("pairs":[{"mistaken":{"image":"../secret.png"}}]})"),
      {"pairs[0], mistaken", "not inside the run folder"});
}

TEST(RunRecord, CurvesAreReadWithDistrust) {
  const std::string begin = R"({"classes":["ash","elm"],"curves":[)";
  const RunRecord run =
      read_with("eval-test.json",
                begin + R"({"class":1,"auc":7,"roc":[[0,0],[1,9]],"answers":{"precision":0.5}}]})");
  EXPECT_TRUE(run.warnings.empty()) << run.warnings[0];
  const ClassCurve& curve = run.evaluation()->curves.at(0);
  EXPECT_EQ(curve.auc, 1);
  EXPECT_EQ(curve.roc.at(1).y, 1);
  EXPECT_EQ(curve.precision, 0.5);
  EXPECT_TRUE(curve.precision_recall.empty());
  expect_warning(read_with("eval-test.json", begin + R"({"class":2}]})"),
                 {"curves[0]", "none of the classes"});
  for (const char* points : {"[[0,0],[1]]", "[[0,\"x\"]]", "[3]"})
    expect_warning(read_with("eval-test.json", begin + R"({"class":0,"roc":)" + points + "}]}"),
                   {"curves[0]", "'roc' is no list"});
}

TEST(RunRecord, ManyWarningsAreCutShort) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "nonsense\n";
  EXPECT_LE(read_with("metrics.jsonl", text).warnings.size(), 13U);
}

TEST(RunRecord, DeepOrWideFilesDoNotHang) {
  std::string deep(200000, '[');
  EXPECT_EQ(read_with("summary.json", deep).warnings.size(), 1U);
  std::string wide = "{\"scores\":{";
  for (int i = 0; i < 200000; ++i) wide += fmt::format("\"k{}\":1,", i);
  wide.back() = '}';
  EXPECT_EQ(read_with("eval-test.json", wide + "}").evaluation()->scores.items.size(), 50U);
  std::string dotted = "a";
  for (int i = 0; i < 100000; ++i) dotted += ".a";
  expect_warning(read_with("config.toml", "x = 1\n" + dotted + " = 1\n"), {"config.toml"});
}

TEST(Picture, Base64IsThatOfTheStandard) {  // RFC 4648, section 10
  const char* pairs[][2] = {{"", ""},
                            {"f", "Zg=="},
                            {"fo", "Zm8="},
                            {"foo", "Zm9v"},
                            {"foob", "Zm9vYg=="},
                            {"fooba", "Zm9vYmE="},
                            {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : pairs) EXPECT_EQ(base64(plain), encoded);
}

TEST(Picture, OnlyFromInsideTheRunFolder) {
  const fs::path base = fresh_folder(), folder = base / "run";
  make_folder(folder / "eval-test");
  write_png(base / "secret.png", Image(2, 2, 3));
  write_png(folder / "eval-test" / "1.png", Image(200, 100, 3));
  fs::create_symlink(base / "secret.png", folder / "link.png");
  fs::create_directory_symlink(base, folder / "up");
  EXPECT_EQ(inline_picture(folder, "eval-test/1.png").width, 200);
  const std::vector<std::string> names = {"../secret.png",
                                          "eval-test/../../secret.png",
                                          (base / "secret.png").string(),
                                          "link.png",
                                          "up/secret.png",
                                          ""};
  for (const std::string& name : names) {
    try {
      inline_picture(folder, name);
      FAIL() << "read " << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::format) << name;
      EXPECT_NE(std::string(error.what()).find("not inside the run folder"), std::string::npos);
    }
  }
}

TEST(Picture, OnlyPicturesAreInlined) {
  const fs::path folder = fresh_folder();
  write_file_atomic(folder / "a.png", "<svg onload='alert(1)'>");
  EXPECT_THROW(inline_picture(folder, "a.png"), Error);
  EXPECT_THROW(inline_picture(folder, "."), Error);
  EXPECT_THROW(inline_picture(folder, "missing.png"), Error);
}

}  // namespace
}  // namespace espalier
