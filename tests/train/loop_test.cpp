#include "espalier/train/loop.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/data/recipe.h"
#include "espalier/models/table.h"
#include "espalier/tasks/classify.h"
#include "espalier/tasks/teacher.h"
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
    return run(name, config, resume, colours, task);
  }

  TrainOutcome run(const std::string& name,
                   const TrainConfig& config,
                   bool resume,
                   std::shared_ptr<Colours> colours,
                   Task& task) {
    Loader data(
        colours, train_transform({.augment = "light"}, 8),
        {.batch = images_a_step(config), .shuffle = true, .balance = config.balance, .seed = 1});
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
      json.erase("profile");
      json.erase("images_per_second");
      lines.push_back(json.dump());
    }
    return lines;
  }

  // Stops a run in the middle of an epoch (sample 77 is read somewhere in it), goes on, and
  // compares with a run that was left alone.
  template <class MakeTask>
  void expect_resumes_to_the_bit(const TrainConfig& config,
                                 MakeTask make,
                                 std::vector<std::string> files = {}) {
    auto task = make();
    run("whole", config, false, std::make_shared<Colours>(120), task);
    auto first = make(), second = make();
    EXPECT_THROW(run("parts", config, false, std::make_shared<Colours>(120, -1, 77), first), Error);
    request_interrupt(false);
    run("parts", config, true, std::make_shared<Colours>(120), second);
    files.insert(files.end(), {"model.safetensors", "last/model.safetensors"});
    for (const std::string& file : files)
      EXPECT_EQ(bytes("parts/" + file), bytes("whole/" + file)) << file;
    EXPECT_EQ(log("parts"), log("whole"));
    fs::remove_all(root_ / "parts");
    fs::remove_all(root_ / "whole");
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
  expect_resumes_to_the_bit(kConfig, make_task);
  TrainConfig parts = kConfig;
  parts.batch = 4;
  parts.accumulate = 4;
  parts.schedule = "one_cycle";
  parts.optimiser = "adamw";
  expect_resumes_to_the_bit(parts, make_task);
}

// A network without batch norm, whose step over a batch is the mean over its images.
class PlainNet : public ImageModel {
 public:
  PlainNet() {
    register_module("conv", conv_);
    register_module("fc", fc_);
  }
  at::Tensor forward(const at::Tensor& images) override {
    return fc_(torch::relu(conv_(images)).mean({2, 3}));
  }
  std::vector<at::Tensor> features(const at::Tensor&) override { return {}; }

 private:
  torch::nn::Conv2d conv_{torch::nn::Conv2dOptions(3, 8, 3)};
  torch::nn::Linear fc_{8, 3};
};

class PlainTask : public ClassifyTask {
 public:
  PlainTask(std::shared_ptr<PlainNet> net, const ModelMeta& meta) : ClassifyTask(net, meta, {}) {}
  void save(const fs::path& folder) const override {
    save_tensors(folder / "model.safetensors", module_state(const_cast<PlainTask*>(this)->model()));
  }
};

TEST_F(Loop, AccumulatedGradientsEqualThoseOfTheBigBatch) {
  auto weights = [&](const std::string& name, int64_t batch, int64_t accumulate) {
    ModelMeta meta = make_task().meta();
    seed_generator(5);
    PlainTask task(std::make_shared<PlainNet>(), meta);
    TrainConfig config = kConfig;
    config.ema = 0;
    config.epochs = 2;
    config.batch = batch;
    config.accumulate = accumulate;
    run(name, config, false, std::make_shared<Colours>(120), task);  // 7 batches of 16, one of 8
    std::vector<at::Tensor> all;
    for (const at::Tensor& parameter : task.model().parameters())
      all.push_back(parameter.detach().clone().flatten());
    return at::cat(all);
  };
  seed_generator(5);
  at::Tensor start = PlainNet().parameters()[0].detach().flatten();
  at::Tensor whole = weights("whole", 16, 1);
  EXPECT_GT((whole.slice(0, 0, start.numel()) - start).abs().max().item<double>(), 1e-2);
  EXPECT_LE((weights("fours", 4, 4) - whole).abs().max().item<double>(), 1e-6);
  EXPECT_LE((weights("twos", 2, 8) - whole).abs().max().item<double>(), 1e-6);
}

// Poisons the step that holds sample 77: the loss itself, or the gradient of one weight alone, and
// with it the statistics of a norm, as an overflow in the forward pass does.
class FaultyTask : public ClassifyTask {
 public:
  FaultyTask(ClassifyTask task, bool in_loss) : ClassifyTask(std::move(task)), in_loss_(in_loss) {}
  Losses losses(const Batch& batch) override {
    Losses result = ClassifyTask::losses(batch);
    if (std::count(batch.indices.begin(), batch.indices.end(), 77) == 0) return result;
    // By its memory: the backward pass is not to notice.
    float* variance = model().named_buffers()["bn1.running_var"].data_ptr<float>();
    std::fill_n(variance, 4, INFINITY);
    at::Tensor w = model().named_parameters()["linear.weight"];
    if (in_loss_)
      result.total = result.total * NAN;
    else  // value 0, derivative 0 * inf
      result.total = result.total + 0 * (w - w.detach()).abs().sqrt().sum();
    return result;
  }

 private:
  bool in_loss_;
};

TEST_F(Loop, AGradientThatIsNotFiniteIsNamedWithItsStep) {
  FaultyTask task(make_task(), /*in_loss=*/false);
  try {
    run("nan", kConfig, false, std::make_shared<Colours>(120), task);
    FAIL();
  } catch (const Error& error) {
    std::string what = error.what();
    EXPECT_EQ(error.kind(), Kind::data);
    for (const char* part :
         {"linear.weight (48 of 48 values)", "epoch 1, step ", "--skip-nonfinite"})
      EXPECT_NE(what.find(part), std::string::npos) << what;
  }
}

TEST_F(Loop, StepsThatAreNotFiniteAreSkippedUpToALimit) {
  for (bool in_loss : {false, true}) {
    TrainConfig config = kConfig;
    config.skip_nonfinite = 3;
    FaultyTask task(make_task(), in_loss);
    TrainOutcome outcome =
        run(in_loss ? "a" : "b", config, false, std::make_shared<Colours>(120), task);
    EXPECT_EQ(outcome.skipped, 3);  // one an epoch
    EXPECT_EQ(outcome.epochs, 3);   // no weight and no statistic was touched, else saving refuses
    expect_resumes_to_the_bit(config, [&] { return FaultyTask(make_task(), in_loss); });
    config.skip_nonfinite = 2;
    FaultyTask again(make_task(), in_loss);
    EXPECT_THROW(run("c", config, false, std::make_shared<Colours>(120), again), Error);
    fs::remove_all(root_);
  }
}

TEST_F(Loop, AveragedWeightsAreSavedWithFreshStatisticsAndResumeToTheBit) {
  TrainConfig config = kConfig;
  config.ema = 0;
  config.epochs = 4;
  config.swa_start = 0.5;
  ClassifyTask task = make_task();
  TrainOutcome outcome = run("swa", config, false, std::make_shared<Colours>(120), task);
  nlohmann::json last = nlohmann::json::parse(log("swa").back());
  EXPECT_EQ(last["kind"], "swa");
  EXPECT_EQ(last["models"], 2);
  EXPECT_GE(outcome.best.headline().value, last["scores"]["accuracy"]["value"].get<double>());
  LoadedModel averaged = load_model(root_ / "swa/swa");
  at::Tensor weight = averaged.net->named_parameters()["linear.weight"];
  // The run's own module is that of the last epoch.
  EXPECT_FALSE(at::equal(weight, task.model().named_parameters()["linear.weight"]));
  EXPECT_EQ(averaged.net->named_buffers()["bn1.num_batches_tracked"].item<int64_t>(), 8);
  std::string first = bytes("swa/swa/model.safetensors");
  run("swa", config, true, std::make_shared<Colours>(120));  // only the end once more
  EXPECT_EQ(bytes("swa/swa/model.safetensors"), first);
  EXPECT_EQ(nlohmann::json::parse(log("swa").back()), last);

  expect_resumes_to_the_bit(config, make_task, {"swa/model.safetensors"});

  config.ema = 0.9;
  EXPECT_THROW(run("both", config, false, std::make_shared<Colours>(120)), Error);
}

TEST_F(Loop, FrozenNormsKeepTheirStatisticsAndTheRestLearnsAndResumes) {
  TrainConfig config = kConfig;
  config.norms = "frozen";
  config.head_rate = 10;
  config.layer_decay = 0.75;
  config.balance = true;
  ClassifyTask fresh = make_task(), task = make_task();
  run("frozen", config, false, std::make_shared<Colours>(120), task);
  LoadedModel last = load_model(root_ / "frozen/last");
  NamedTensors before = module_state(fresh.module()), after = module_state(*last.net);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    bool norm = before[i].first.find("bn") != std::string::npos;
    EXPECT_EQ(at::equal(before[i].second, after[i].second), norm) << before[i].first;
  }
  expect_resumes_to_the_bit(config, make_task);
}

TEST_F(Loop, RecalibratedNormsHaveTheMeanOfAWholePass) {
  TrainConfig config = kConfig;
  config.norms = "recalibrate";
  for (double ema : {0.0, 0.9}) {
    config.ema = ema;
    run("again", config, false, std::make_shared<Colours>(120));
    nlohmann::json last = nlohmann::json::parse(log("again").back());
    EXPECT_EQ(last["kind"], "recalibrated");
    EXPECT_TRUE(last["scores"].contains("accuracy"));
    LoadedModel model = load_model(root_ / "again/last");
    EXPECT_EQ(model.net->named_buffers()["bn1.num_batches_tracked"].item<int64_t>(), 8);
    expect_resumes_to_the_bit(config, make_task);
    fs::remove_all(root_);
  }
}

TEST_F(Loop, AStudentResumesToTheBit) {
  run("teacher", kConfig, false, std::make_shared<Colours>(120));
  auto teacher = open_teacher(root_ / "teacher", make_task().meta());
  auto make = [&] {
    ClassifyTask task = make_task();
    task.learn_from(teacher);
    return task;
  };
  ClassifyTask student = make();
  run("student", kConfig, false, std::make_shared<Colours>(120), student);
  EXPECT_NE(bytes("student/model.safetensors"), bytes("teacher/model.safetensors"));
  EXPECT_TRUE(nlohmann::json::parse(log("student")[0]).contains("soft"));
  expect_resumes_to_the_bit(kConfig, make);
}

TEST_F(Loop, RecomputingChangesNoBit) {
  TrainConfig config = kConfig;
  for (const char* precision : {"fp32", "bf16"}) {
    config.precision = precision;
    config.recompute = false;
    run("plain", config, false, std::make_shared<Colours>(120));
    config.recompute = true;
    run("again", config, false, std::make_shared<Colours>(120));
    EXPECT_EQ(bytes("again/last.ckpt").size(), bytes("plain/last.ckpt").size());
    EXPECT_EQ(bytes("again/last/model.safetensors"), bytes("plain/last/model.safetensors"));
    EXPECT_EQ(log("again"), log("plain"));
    fs::remove_all(root_);
  }
}

TEST_F(Loop, PatienceStopsEarlyAndPlateausLowerTheRate) {
  TrainConfig config = kConfig;
  config.epochs = 30;
  config.schedule = "plateau";
  config.monitor = "log_loss";
  config.min_delta = 100;  // nothing is an improvement but the first
  config.plateau_patience = 1;
  config.gamma = 0.5;
  config.patience = 5;
  TrainOutcome outcome = run("early", config, false, std::make_shared<Colours>(120));
  EXPECT_TRUE(outcome.stopped_early);
  EXPECT_EQ(outcome.epochs, 6);
  EXPECT_TRUE(fs::exists(root_ / "early/last/model.safetensors"));
  double rate = 0;
  for (const std::string& line : log("early")) {
    nlohmann::json json = nlohmann::json::parse(line);
    if (json["kind"] == "step") rate = json["lr"];
  }
  // Two bad epochs a drop: the third epoch brings the first, the fifth the second.
  EXPECT_NEAR(rate, 0.1 * 0.25, 1e-12);
  EXPECT_EQ(run("early", config, true, std::make_shared<Colours>(120)).epochs, 6);
  expect_resumes_to_the_bit(config, make_task);
}

TEST_F(Loop, AScoreThatDoesNotExistIsToldBeforeTheFirstEpoch) {
  TrainConfig config = kConfig;
  config.monitor = "acuracy";
  try {
    run("slip", config, false, std::make_shared<Colours>(120));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
    EXPECT_NE(std::string(error.what()).find("accuracy"), std::string::npos);
  }
  EXPECT_FALSE(fs::exists(root_ / "slip/last.ckpt"));
}

TEST_F(Loop, TheProfileSharesOutTheTimeOfTraining) {
  TrainConfig config = kConfig;
  config.profile = true;
  config.epochs = 1;
  run("profile", config, false, std::make_shared<Colours>(120));
  std::ifstream stream(root_ / "profile/metrics.jsonl");
  nlohmann::json last;
  for (std::string line; std::getline(stream, line);) last = nlohmann::json::parse(line);
  double sum = 0;
  for (const char* share : {"idle", "forward", "backward", "step", "other"}) {
    EXPECT_GE(last["profile"][share].get<double>(), 0) << share;
    sum += last["profile"][share].get<double>();
  }
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_GT(last["profile"]["load"].get<double>(), 0);
  EXPECT_GT(last["profile"]["backward"].get<double>(), 0.05);
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
