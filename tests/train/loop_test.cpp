#include "espalier/train/loop.h"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/data/recipe.h"
#include "espalier/models/table.h"
#include "espalier/tasks/classify.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/checkpoint.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

// Squares of one colour a class, with noise: learnt in an epoch or two.
class Colours : public Dataset {
 public:
  explicit Colours(int64_t size, int64_t broken = -1, int64_t stop_at = -1)
      : size_(size), broken_(broken), stop_at_(stop_at) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t i) const override { return fmt::format("colour {}", i); }
  int64_t label(int64_t i) const override { return i % 3; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Sample read(int64_t i, int) const override {
    if (i == broken_) fail(Kind::format, "{} is broken", id(i));
    if (i == stop_at_) request_interrupt();
    Random random = Random(5).stream(static_cast<uint64_t>(i));
    Sample sample{.image = Image(8, 8, 3), .truth = {}, .id = id(i)};
    for (int p = 0; p < 64 * 3; ++p)
      sample.image.pixels[static_cast<size_t>(p)] =
          static_cast<uint8_t>(random.uniform(0, 120) + (p % 3 == label(i) ? 100 : 0));
    sample.truth.labels = {{.id = label(i)}};
    return sample;
  }

 private:
  int64_t size_, broken_, stop_at_;
  std::vector<std::string> names_ = {"red", "green", "blue"};
};

class Loop : public ::testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    start_runtime(2);
    root_ = fs::temp_directory_path() / fmt::format("espalier-loop-{}", ::getpid());
    fs::remove_all(root_);
  }
  void TearDown() override {
    request_interrupt(false);
    fs::remove_all(root_);
  }

  static ClassifyTask make_task() {
    seed_generator(11);
    return ClassifyTask(make_model("resnet20", {{"classes", 3}, {"width", 4}, {"blocks", 1}}),
                        {.class_names = {"red", "green", "blue"},
                         .mean = {0.5, 0.5, 0.5},
                         .std = {0.25, 0.25, 0.25},
                         .input_size = 8},
                        {});
  }

  TrainOutcome run(const std::string& name,
                   const TrainConfig& config,
                   bool resume,
                   std::shared_ptr<Colours> colours) {
    ClassifyTask task = make_task();
    Loader data(colours, train_transform({.augment = "light"}, 8),
                {.batch = 16, .shuffle = true, .seed = 1});
    Loader val(std::make_shared<Colours>(60), eval_transform({}, 8), {.batch = 16});
    RunFolder folder =
        resume ? RunFolder::resume(root_ / name) : RunFolder::create(root_ / name, false);
    return train(task, data, &val, config, folder, resume);
  }

  std::string bytes(const std::string& file) { return read_file(root_ / file); }

  // Lines of metrics.jsonl without wall-clock figures.
  std::vector<std::string> log(const std::string& name) {
    std::vector<std::string> lines;
    std::ifstream stream(root_ / name / "metrics.jsonl");
    for (std::string line; std::getline(stream, line);) {
      nlohmann::json json = nlohmann::json::parse(line);
      json.erase("seconds");
      json.erase("images_per_second");
      lines.push_back(json.dump());
    }
    return lines;
  }

  fs::path root_;
};

const TrainConfig kConfig{
    .epochs = 3, .batch = 16, .lr_batch = 32, .ema = 0.9, .precision = "fp32"};

TEST_F(Loop, LearnsAndKeepsBestAndLast) {
  TrainConfig longer = kConfig;
  longer.epochs = 8;
  TrainOutcome outcome = run("a", longer, false, std::make_shared<Colours>(120));
  EXPECT_EQ(outcome.epochs, 8);
  EXPECT_GT(outcome.best.headline().value, 0.9);
  for (const char* file :
       {"model.safetensors", "config.json", "last.ckpt", "metrics.jsonl", "last/model.safetensors"})
    EXPECT_TRUE(fs::exists(root_ / "a" / file)) << file;
}

TEST_F(Loop, AStoppedAndResumedRunEqualsAnUninterruptedOneToTheBit) {
  run("whole", kConfig, false, std::make_shared<Colours>(120));
  // The stop falls into the middle of an epoch: sample 77 is read somewhere in it.
  EXPECT_THROW(run("parts", kConfig, false, std::make_shared<Colours>(120, -1, 77)), Error);
  request_interrupt(false);
  run("parts", kConfig, true, std::make_shared<Colours>(120));
  EXPECT_EQ(bytes("parts/last/model.safetensors"), bytes("whole/last/model.safetensors"));
  EXPECT_EQ(bytes("parts/model.safetensors"), bytes("whole/model.safetensors"));
  EXPECT_EQ(log("parts"), log("whole"));
}

TEST_F(Loop, AStopSavesAndSaysHowToGoOn) {
  try {
    run("stopped", kConfig, false, std::make_shared<Colours>(120, -1, 3));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::interrupted);
    EXPECT_NE(std::string(error.what()).find("--resume"), std::string::npos);
  }
  EXPECT_TRUE(fs::exists(root_ / "stopped/last.ckpt"));
}

TEST_F(Loop, ABrokenSampleIsCountedNamedAndSkipped) {
  TrainOutcome outcome = run("broken", kConfig, false, std::make_shared<Colours>(120, 40));
  EXPECT_EQ(outcome.failures, 1);  // once, though each epoch meets it
  ASSERT_EQ(outcome.failed.size(), 1u);
  EXPECT_EQ(outcome.failed[0].id, "colour 40");
  EXPECT_NE(bytes("broken/metrics.jsonl").find("colour 40"), std::string::npos);
}

TEST_F(Loop, ADivergingRunStopsAndKeepsTheLastGoodState) {
  TrainConfig config = kConfig;
  config.epochs = 20;
  run("diverging", kConfig, false, std::make_shared<Colours>(120));
  std::string good = bytes("diverging/last.ckpt");
  config.lr = 1000;
  config.lr_batch = 0;
  config.weight_decay = 10;
  try {
    run("diverging", config, true, std::make_shared<Colours>(120));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::data);
    EXPECT_NE(std::string(error.what()).find("last good state"), std::string::npos);
  }
  nlohmann::json state = read_checkpoint_state(root_ / "diverging/last.ckpt");
  EXPECT_GE(state["epoch"].get<int64_t>(), 3);
  Safetensors file = Safetensors::read(root_ / "diverging/last.ckpt");
  for (const StoredTensor& stored : file.tensors())
    if (stored.dtype == "F32") {
      EXPECT_TRUE(at::isfinite(to_tensor(stored)).all().item<bool>()) << stored.name;
    }
}

TEST_F(Loop, ResumingOtherDataIsRefused) {
  run("other", kConfig, false, std::make_shared<Colours>(120));
  TrainConfig longer = kConfig;
  longer.epochs = 5;
  try {
    run("other", longer, true, std::make_shared<Colours>(300));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
  }
}

TEST(RunFolderTest, RefusesAFolderWithARunUnlessForced) {
  fs::path path = fs::temp_directory_path() / fmt::format("espalier-run-{}", ::getpid());
  write_file_atomic(path / "notes.txt", "mine");
  write_file_atomic(path / "summary.json", "{}");
  EXPECT_THROW(RunFolder::create(path, false), Error);
  RunFolder::create(path, true);
  EXPECT_TRUE(fs::exists(path / "notes.txt"));  // not ours, left alone
  EXPECT_FALSE(fs::exists(path / "summary.json"));
  fs::remove_all(path);
}

TEST(RunFolderTest, ResumesWhatHadBegunAndRefusesWhatHadNot) {
  set_quiet(true);
  fs::path path = fs::temp_directory_path() / fmt::format("espalier-begun-{}", ::getpid());
  expect_error([&] { RunFolder::resume(path); }, Kind::usage, "no run in");
  make_folder(path);
  expect_error([&] { RunFolder::resume(path); }, Kind::usage, "neither last.ckpt nor config.toml");
  write_file_atomic(path / "config.toml", "epochs = 1\n");
  write_file_atomic(path / "metrics.jsonl", "{\"kind\":\"st");  // torn
  RunFolder run = RunFolder::resume(path);
  EXPECT_FALSE(run.has_state());
  EXPECT_TRUE(fs::exists(path / "config.toml"));
  EXPECT_EQ(run.log_size(), 0u);
  expect_error([&] { RunFolder::create(path, true); }, Kind::usage, "another process");
  fs::remove_all(path);
}

}  // namespace
}  // namespace espalier
