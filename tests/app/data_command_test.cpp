// The verb data, and what training makes of data that are not as they should be.
#include "espalier/data/image_folder.h"
#include "espalier/data/orchard.h"
#include "espalier/data/write.h"
#include "espalier/format/png.h"

#include "tests/app/command_fixture.h"

namespace espalier {
namespace {

TEST_F(Command, DataThatCannotServeAreRefusedWithAdvice) {
  expect_refused({"train", "classify", "--data", "nowhere"}, 4, "nowhere");
  make_folder(root_ / "empty");
  expect_refused({"train", "classify", "--data", "empty"}, 3, "empty");
  write_image_folder(*make_orchard({.classes = 2, .size = 32, .train = 4}, OrchardSplit::train),
                     root_ / "two");
  for (const auto& entry : fs::directory_iterator(root_ / "two")) {
    fs::remove_all(entry.path());
    break;
  }
  expect_refused({"train", "classify", "--data", "two"}, 3, "class");
  write_file_atomic(root_ / "idx/train-images-idx3-ubyte",
                    std::string("\0\0\x0d\x03xxxxxxxxxxxx", 16));
  write_file_atomic(root_ / "idx/train-labels-idx1-ubyte", std::string("\0\0\x08\x01xxxx", 8));
  Outcome outcome = run({"train", "classify", "--data", "idx"});
  EXPECT_TRUE(outcome.code == 4 || outcome.code == 3) << outcome.err;
  EXPECT_NE(outcome.err.find("train-"), std::string::npos) << outcome.err;
}

TEST_F(Command, DestructionIsDrawn) {
  Outcome outcome = run({"data", "destruct", "orchard:twins,size=48,train=20", "--grid", "3",
                         "--pictures", "2", "--cell", "48", "--out", "d.png"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  Image sheet = read_png(root_ / "d.png");
  EXPECT_GE(sheet.width, 5 * 48);  // the picture, reaches 1 and 2, two as published
  EXPECT_GE(sheet.height, 2 * 48);
  expect_refused({"data", "destruct", "orchard", "--grid", "3", "--reaches", "3"}, 2, "reach");
}

TEST_F(Command, AugmentationIsDrawn) {
  std::vector<std::string> words = {"data",        "augment", "orchard:species,size=32,train=20",
                                    "--out",       "a.png",   "--pictures",
                                    "3",           "--draws", "4",
                                    "--cell",      "40",      "--policy",
                                    "randaugment", "--mixup", "0.4",
                                    "--json"};
  Outcome outcome = run(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["sheet"], "a.png");
  Image sheet = read_png(root_ / "a.png");
  EXPECT_GE(sheet.width, 5 * 40);
  EXPECT_GE(sheet.height, 3 * 40);
  std::string first = read_file(root_ / "a.png");
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_file(root_ / "a.png"), first);
  words.insert(words.end(), {"--seed", "2"});
  ASSERT_EQ(run(words).code, 0);
  EXPECT_NE(read_file(root_ / "a.png"), first);
  expect_refused({"data", "augment", "nowhere"}, 4, "nowhere");
  expect_refused({"data", "augment", "orchard", "--policy", "randaugmnet"}, 2, "randaugment");
}

TEST_F(Command, ADataSetIsCheckedAndATableRead) {
  ASSERT_EQ(run({"data", "orchard", "--out", "pictures", "--size", "32", "--classes", "2",
                 "--train", "40", "--val", "8", "--test", "8", "--quiet"})
                .code,
            0);
  Outcome outcome = run({"data", "check", "pictures", "--out", "page.html", "--json", "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["pictures"], 56);
  EXPECT_TRUE(fs::exists(root_ / "page.html"));
  std::string table = "path,label\n";
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "pictures/train"))
    if (entry.is_regular_file())
      table += fmt::format("{},{}\n", fs::relative(entry.path(), root_).string(),
                           entry.path().parent_path().filename().string());
  write_file_atomic(root_ / "labels.csv", table);
  outcome = run({"train", "classify", "--data", "labels.csv", "--epochs", "1", "--batch", "8",
                 "--size", "32", "--out", "run", "--json", "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(run({"eval", "run", "--json", "--quiet"}).code, 0);
  write_file_atomic(root_ / "labels.csv", table + "gone.jpg\n");
  expect_refused({"train", "classify", "--data", "labels.csv"}, 4, "labels.csv: line 42: 1 cells");
  fs::path one;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "pictures/train"))
    if (entry.path().extension() == ".png") one = entry.path();
  fs::copy_file(one, root_ / "pictures/test" / one.parent_path().filename() / "copy.png");
  outcome = run({"data", "check", "pictures", "--quiet"});
  EXPECT_EQ(outcome.code, 3) << outcome.out;
  EXPECT_NE(outcome.out.find("1 picture outside of train has a copy in train"), std::string::npos)
      << outcome.out;
}

TEST_F(Command, ABrokenPictureIsNamedInTheReportAndSkipped) {
  ASSERT_EQ(run({"data", "orchard", "--out", "pictures", "--size", "32", "--classes", "2",
                 "--train", "40", "--val", "8", "--test", "8", "--quiet"})
                .code,
            0);
  fs::path victim;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "pictures/train"))
    if (entry.is_regular_file()) victim = entry.path();
  write_file_atomic(victim, read_file(victim).substr(0, 300));
  Outcome outcome = run({"train", "classify", "--data", "pictures", "--epochs", "1", "--batch", "8",
                         "--out", "run", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["failures"], 1);
  EXPECT_NE(read_file(root_ / "run/report.html").find(victim.filename().string()),
            std::string::npos);
}

}  // namespace
}  // namespace espalier
