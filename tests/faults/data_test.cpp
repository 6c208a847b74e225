// Data that are partly bad: counted and named where the run can go on, an error that names the place where it cannot.
#include <fstream>
#include <limits>

#include "espalier/core/progress.h"
#include "espalier/data/orchard.h"
#include "espalier/data/recipe.h"
#include "espalier/data/write.h"
#include "espalier/models/table.h"
#include "espalier/tasks/classify.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/checkpoint.h"
#include "espalier/train/loop.h"

#include "tests/data/scratch_folder.h"
#include "tests/faults/run_trials.h"
#include "tests/faults/trials.h"

namespace espalier {
namespace {

class BadPictures : public ::testing::Test {
 protected:
  // 1,000 pictures to train with, in two classes.
  void SetUp() override {
    set_quiet(true);
    OrchardConfig config{.classes = 2, .size = 32, .train = 1000, .val = 20};
    write_image_folder(*make_orchard(config, OrchardSplit::train), root() / "pictures/train");
    write_image_folder(*make_orchard(config, OrchardSplit::val), root() / "pictures/val");
    for (const auto& entry : fs::recursive_directory_iterator(root() / "pictures/train"))
      if (entry.is_regular_file()) pictures_.push_back(entry.path());
    std::sort(pictures_.begin(), pictures_.end());
    ASSERT_EQ(pictures_.size(), 1000u);
  }

  fs::path root() const { return program_.root(); }

  Outcome train(const std::string& name) {
    return program_.run({"train", "classify", "--data", "pictures", "--out", name, "--size", "16",
                         "--epochs", "1", "--batch", "50", "--threads", "1", "--precision", "fp32",
                         "--quiet", "--test-share", "0"});
  }

  nlohmann::json failures_of(const std::string& name) {
    return nlohmann::json::parse(read_file(root() / name / "summary.json"))["failures"];
  }

  static void overwrite(const fs::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  Program program_{"pictures"};
  std::vector<fs::path> pictures_;
};

TEST_F(BadPictures, OneInAThousandIsCountedAndNamed) {
  Tally tally;
  Random random(8);
  for (int i = 0; i < trials(1, 10) && !HasFailure(); ++i) {
    const fs::path& victim = pictures_[static_cast<size_t>(random.below(1000))];
    std::string whole = read_file(victim), run = fmt::format("run-{}", i);
    const std::string bad[] = {whole.substr(0, whole.size() / 2), "", "no picture",
                               std::string(whole.size(), '\0')};
    overwrite(victim, bad[i % 4]);
    Outcome outcome = train(run);
    overwrite(victim, whole);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    nlohmann::json failures = failures_of(run);
    EXPECT_EQ(failures["count"], 1);
    EXPECT_NE(failures["named"].dump().find(victim.filename().string()), std::string::npos);
    tally.count("counted and named, run completed");
  }
  tally.record("one bad picture in 1,000");
}

TEST_F(BadPictures, AClassWithoutOneGoodPictureIsSaid) {
  std::string lost = pictures_[0].parent_path().filename();
  int bad = 0;
  for (const fs::path& picture : pictures_)
    if (picture.parent_path().filename() == lost) overwrite(picture, "no picture"), ++bad;
  Outcome outcome = train("run");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(failures_of("run")["count"], bad);
  EXPECT_NE(
      outcome.err.find(fmt::format("class '{}': not one of its {} training images", lost, bad)),
      std::string::npos)
      << outcome.err;
  Tally tally;
  tally.count("every picture counted, the class named in a warning, run completed");
  tally.record("all pictures of a class bad");
}

TEST_F(BadPictures, NotOneGoodPictureIsAnError) {
  for (const fs::path& picture : pictures_) overwrite(picture, "no picture");
  Outcome outcome = train("run");
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_NE(outcome.err.find("not one training image could be read"), std::string::npos);
  Tally tally;
  tally.count("error says so");
  tally.record("all pictures bad");
}

// Plain squares, of which one may have a label that no class has.
class Squares : public Dataset {
 public:
  explicit Squares(int64_t odd = -1, int64_t odd_label = 0) : odd_(odd), odd_label_(odd_label) {}
  int64_t size() const override { return 60; }
  std::string id(int64_t i) const override { return fmt::format("square {}", i); }
  int64_t label(int64_t i) const override { return i == odd_ ? odd_label_ : i % 3; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Sample read(int64_t i, int) const override {
    Sample sample{.image = Image(8, 8, 3), .truth = {}, .id = id(i)};
    for (size_t p = 0; p < sample.image.pixels.size(); ++p)
      sample.image.pixels[p] = static_cast<uint8_t>(40 * (i % 3) + static_cast<int64_t>(p) % 7);
    sample.truth.labels = {{.id = label(i)}};
    return sample;
  }

 private:
  int64_t odd_, odd_label_;
  std::vector<std::string> names_ = {"a", "b", "c"};
};

ClassifyTask make_task() {
  seed_generator(11);
  return ClassifyTask(make_model("resnet20", {{"classes", 3}, {"width", 4}, {"blocks", 1}}),
                      {.class_names = {"a", "b", "c"},
                       .mean = {0.5, 0.5, 0.5},
                       .std = {0.25, 0.25, 0.25},
                       .input_size = 8},
                      {});
}

class Numbers : public ::testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    start_runtime(1);
  }

  // What training ends with.
  Error error_of(Task& task, std::shared_ptr<Squares> squares, int64_t epochs, bool resume) {
    Loader data(std::move(squares), train_transform({.augment = "none"}, 8),
                {.batch = 20, .shuffle = true, .seed = 1});
    fs::path path = folder_.root() / "run";
    RunFolder run = resume ? RunFolder::resume(path) : RunFolder::create(path, false);
    TrainConfig config{.epochs = epochs, .batch = 20, .precision = "fp32"};
    try {
      train(task, data, nullptr, config, run, resume);
    } catch (const Error& error) {
      return error;
    }
    return Error(Kind::internal, "no error");
  }

  void record(const std::string& fault) {
    Tally tally;
    tally.count("error names the place, last good state intact");
    tally.record(fault);
  }

  ScratchFolder folder_{"numbers"};
};

TEST_F(Numbers, ALabelOutOfRangeNamesTheSample) {
  for (int64_t label : {int64_t{3}, int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    ClassifyTask task = make_task();
    fs::remove_all(folder_.root() / "run");
    Error error = error_of(task, std::make_shared<Squares>(17, label), 1, false);
    EXPECT_EQ(error.kind(), Kind::data) << error.what();
    EXPECT_NE(std::string(error.what()).find("sample 17 has class"), std::string::npos)
        << error.what();
  }
  record("label out of range");
}

// Spoils what it is told to, from a certain step on.
class SpoiltTask : public Task {
 public:
  enum class Part { loss, gradient };
  SpoiltTask(ClassifyTask inner, Part part, float value)
      : inner_(std::move(inner)), part_(part), value_(value) {}
  std::string name() const override { return inner_.name(); }
  torch::nn::Module& module() override { return inner_.module(); }
  Losses losses(const Batch& batch) override {
    Losses losses = inner_.losses(batch);
    if (++steps_ < 5) return losses;
    if (part_ == Part::loss)
      losses.total = losses.total * value_;
    else  // the root of 0: a finite loss with an infinite slope, which 0 times turns into NaN
      losses.total = losses.total + (inner_.module().parameters()[0] * 0).abs().sqrt().sum();
    return losses;
  }
  std::vector<Annotation> predict(const Batch& batch) override { return inner_.predict(batch); }
  Scores score(const std::vector<Annotation>& truth,
               const std::vector<Annotation>& predicted) const override {
    return inner_.score(truth, predicted);
  }
  void save(const fs::path& folder) const override { inner_.save(folder); }

 private:
  ClassifyTask inner_;
  Part part_;
  float value_;
  int steps_ = 0;
};

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST_F(Numbers, ALossThatIsNotFiniteStopsTheRunBeforeItsStateIsWritten) {
  for (float value : {kNan, kInfinity}) {
    fs::remove_all(folder_.root() / "run");
    SpoiltTask task(make_task(), SpoiltTask::Part::loss, value);
    Error error = error_of(task, std::make_shared<Squares>(), 3, false);
    EXPECT_EQ(error.kind(), Kind::data) << error.what();
    EXPECT_NE(std::string(error.what()).find("epoch 2"), std::string::npos) << error.what();
    ClassifyTask good = make_task();
    EXPECT_STREQ(error_of(good, std::make_shared<Squares>(), 3, true).what(), "no error");
  }
  record("NaN and infinity in the loss");
}

TEST_F(Numbers, AGradientThatIsNotFiniteStopsTheRunBeforeItsStateIsWritten) {
  SpoiltTask task(make_task(), SpoiltTask::Part::gradient, 0);
  Error error = error_of(task, std::make_shared<Squares>(), 3, false);
  EXPECT_EQ(error.kind(), Kind::data) << error.what();
  EXPECT_NE(std::string(error.what()).find("epoch 2"), std::string::npos) << error.what();
  ClassifyTask good = make_task();
  EXPECT_STREQ(error_of(good, std::make_shared<Squares>(), 3, true).what(), "no error");
  record("NaN in gradients of a finite loss");
}

TEST_F(Numbers, WeightsThatAreNotFiniteAreRefused) {
  fs::path model = folder_.root() / "model", checkpoint = folder_.root() / "run/last.ckpt";
  ClassifyTask task = make_task();
  ASSERT_STREQ(error_of(task, std::make_shared<Squares>(), 1, false).what(), "no error");
  for (float value : {kNan, kInfinity, -kInfinity}) {
    // A checkpoint with a right checksum over wrong numbers.
    NamedTensors tensors;
    Safetensors file = Safetensors::read(checkpoint);
    for (const StoredTensor& stored : file.tensors())
      tensors.emplace_back(stored.name, to_tensor(stored));
    for (auto& [name, tensor] : tensors)
      if (name == "module.conv1.weight") tensor.flatten()[5] = value;
    nlohmann::json state = read_checkpoint_state(checkpoint);
    std::string good = read_file(checkpoint);
    write_checkpoint(checkpoint, tensors, state);
    std::string spoilt = read_file(checkpoint);
    ClassifyTask next = make_task();
    Error error = error_of(next, std::make_shared<Squares>(), 2, true);
    EXPECT_EQ(error.kind(), Kind::data) << error.what();
    EXPECT_EQ(read_file(checkpoint), spoilt);  // nothing was built on it
    write_file_atomic(checkpoint, good);

    torch::NoGradGuard guard;
    ClassifyTask broken = make_task();
    broken.module().parameters()[3].flatten()[1] = value;
    expect_error([&] { broken.save(model); }, Kind::data, "NaN or an infinity");
    EXPECT_FALSE(fs::exists(model / "model.safetensors"));
  }
  record("NaN and infinity in weights (model file, checkpoint)");
}

}  // namespace
}  // namespace espalier
