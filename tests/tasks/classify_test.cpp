#include "espalier/tasks/classify.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/data/transform.h"
#include "espalier/models/table.h"
#include "espalier/tasks/evidence.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tasks/pixel_baseline.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

Batch one_batch(int count, int side, int channels) {
  Batch batch;
  batch.count = count;
  batch.height = batch.width = side;
  batch.channels = channels;
  Random random(4);
  for (int i = 0; i < count * side * side * channels; ++i)
    batch.pixels.push_back(static_cast<uint8_t>(random.below(256)));
  for (int i = 0; i < count; ++i) {
    batch.truth.emplace_back().labels = {{.id = i % 3}};
    batch.indices.push_back(i);
  }
  return batch;
}

ModelMeta meta_of(int64_t classes) {
  ModelMeta meta;
  for (int64_t c = 0; c < classes; ++c) meta.class_names.push_back(fmt::format("class {}", c));
  meta.mean = {0.1, 0.2, 0.3};
  meta.std = {0.5, 0.25, 0.125};
  meta.input_size = 8;
  return meta;
}

TEST(Images, BytesBecomeNormalisedChannelsFirstInChannelsLastMemory) {
  Batch batch = one_batch(2, 5, 3);
  at::Tensor x = to_tensor(batch, {{0.1, 0.2, 0.3}, {0.5, 0.25, 0.125}});
  EXPECT_EQ(x.sizes(), (std::vector<int64_t>{2, 3, 5, 5}));
  EXPECT_TRUE(x.is_contiguous(at::MemoryFormat::ChannelsLast));
  double value = batch.pixels[static_cast<size_t>(((1 * 5 + 4) * 5 + 2) * 3 + 1)];
  EXPECT_NEAR(x[1][1][4][2].item<double>(), (value / 255 - 0.2) / 0.25, 1e-5);
}

TEST(Images, AnotherNumberOfChannelsIsRefused) {
  Batch batch = one_batch(1, 4, 1);
  EXPECT_THROW(to_tensor(batch, Normalisation::usual(3)), Error);
}

TEST(Classify, PredictionsAreAllClassesBestFirst) {
  at::Tensor logits = at::tensor({1.0f, 3.0f, 1.0f, 2.0f}).reshape({1, 4});
  std::vector<Label> labels = annotations_from_logits(logits)[0].labels;
  ASSERT_EQ(labels.size(), 4u);
  std::vector<int64_t> ids;
  double sum = 0;
  for (const Label& label : labels) {
    ids.push_back(label.id);
    sum += label.score;
  }
  EXPECT_EQ(ids, (std::vector<int64_t>{1, 3, 0, 2}));  // ties: the lower id first
  EXPECT_NEAR(sum, 1, 1e-6);
  double e = std::exp(1.0);
  EXPECT_NEAR(labels[0].score, e * e * e / (2 * e + e * e + e * e * e), 1e-6);
}

TEST(Classify, MirrorImagesShareTheAnswerWithTheirPictures) {
  Batch batch = one_batch(2, 8, 3), mirrored = batch;
  for (size_t i = 0; i < batch.pixels.size(); ++i) {
    size_t channel = i % 3, x = i / 3 % 8, row = i / 24;
    mirrored.pixels[(row * 8 + 7 - x) * 3 + channel] = batch.pixels[i];
  }
  ImageModelPtr model = make_model("resnet20", {{"classes", 3}});
  model->eval();
  ClassifyTask task(model, meta_of(3), {});
  auto shares = [&](const Batch& images) {  // by class
    std::vector<std::map<int64_t, float>> all;
    for (const Annotation& one : task.predict(images)) {
      all.emplace_back();
      for (const Label& label : one.labels) all.back()[label.id] = label.score;
    }
    return all;
  };
  auto plain = shares(batch), other = shares(mirrored);
  task.look_at_mirror_images(true);
  auto both = shares(batch);
  EXPECT_NE(plain[0][0], other[0][0]);
  for (size_t i = 0; i < 2; ++i)
    for (int64_t c = 0; c < 3; ++c) EXPECT_NEAR(both[i][c], (plain[i][c] + other[i][c]) / 2, 1e-6);
  EXPECT_EQ(shares(mirrored), both);
}

TEST(Classify, LabelSmoothingSpreadsEpsilonOverAllClassesTheTrueOneIncluded) {
  Batch batch = one_batch(6, 8, 3);
  ImageModelPtr model = make_model("resnet20", {{"classes", 3}});
  model->eval();
  ClassifyTask task(model, meta_of(3), {.label_smoothing = 0.3});
  torch::NoGradGuard guard;
  at::Tensor log_p =
      at::log_softmax(model->forward(to_tensor(batch, {meta_of(3).mean, meta_of(3).std})), 1);
  double expected = 0;
  for (int64_t i = 0; i < 6; ++i)
    for (int64_t c = 0; c < 3; ++c)
      expected -= ((c == i % 3 ? 0.7 : 0) + 0.1) * log_p[i][c].item<double>() / 6;
  EXPECT_NEAR(task.losses(batch).total.item<double>(), expected, 1e-5);
}

TEST(Classify, LearnsFromSharesOfClassesWithAndWithoutLabelSmoothing) {
  Batch batch = one_batch(3, 8, 3);
  batch.truth[0].labels = {{.id = 2, .score = 0.75f}, {.id = 0, .score = 0.25f}};
  batch.truth[1].labels = {{.id = 1, .score = 0.5f}, {.id = 2, .score = 0.5f}};
  batch.truth[2].labels = {{.id = 2}};
  const double shares[3][3] = {{0.25, 0, 0.75}, {0, 0.5, 0.5}, {0, 0, 1}};
  ImageModelPtr model = make_model("resnet20", {{"classes", 3}});
  model->eval();
  torch::NoGradGuard guard;
  at::Tensor log_p =
      at::log_softmax(model->forward(to_tensor(batch, {meta_of(3).mean, meta_of(3).std})), 1);
  for (double smoothing : {0.0, 0.3}) {
    ClassifyTask task(model, meta_of(3), {.label_smoothing = smoothing});
    double expected = 0;
    for (int64_t i = 0; i < 3; ++i)
      for (int64_t c = 0; c < 3; ++c)
        expected -=
            ((1 - smoothing) * shares[i][c] + smoothing / 3) * log_p[i][c].item<double>() / 3;
    EXPECT_NEAR(task.losses(batch).total.item<double>(), expected, 1e-5);
  }
}

TEST(Classify, RefusesScoresThatAreNoShares) {
  Batch batch = one_batch(2, 4, 3);
  batch.truth[1].labels = {{.id = 0}, {.id = 2}};
  try {
    class_targets(batch, 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::data);
    EXPECT_NE(std::string(error.what()).find("sample 1 has 2 classes whose scores add to 2"),
              std::string::npos);
  }
}

TEST(Classify, SamplesWithoutAClassAreNamed) {
  Batch batch = one_batch(2, 4, 3);
  batch.truth[1].labels.clear();
  try {
    class_targets(batch, 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::data);
    EXPECT_NE(std::string(error.what()).find("sample 1"), std::string::npos);
  }
  batch.truth[1].labels = {{.id = 3}};
  EXPECT_THROW(class_targets(batch, 3), Error);
}

TEST(Evidence, EqualsTheClassActivationMapWhereTheNetEndsInMeanAndLinear) {
  torch::manual_seed(2);
  ImageModelPtr model = make_model("resnet20", {{"classes", 5}});
  model->eval();
  at::Tensor images = torch::randn({2, 3, 16, 16});
  std::vector<Raster<float>> maps = evidence_maps(*model, images, {1, 4});
  torch::NoGradGuard guard;
  at::Tensor last = model->features(images).back();
  at::Tensor weight = model->named_parameters()["linear.weight"];
  for (int64_t i = 0; i < 2; ++i) {
    at::Tensor cam = (weight[i == 0 ? 1 : 4].reshape({-1, 1, 1}) * last[i]).sum(0).clamp_min(0);
    cam = cam / cam.max();
    const Raster<float>& map = maps[static_cast<size_t>(i)];
    for (int y = 0; y < map.height; ++y)
      for (int x = 0; x < map.width; ++x) EXPECT_NEAR(map.at(x, y), cam[y][x].item<float>(), 1e-4);
  }
}

// Answers class 1 as surely as its top left quarter is bright; offers no feature maps.
struct Corner : ImageModel {
  at::Tensor forward(const at::Tensor& images) override {
    int64_t h = images.size(2) / 2, w = images.size(3) / 2;
    at::Tensor light = images.slice(2, 0, h).slice(3, 0, w).mean({1, 2, 3});
    return at::stack({at::zeros_like(light), light * 5}, 1);
  }
  std::vector<at::Tensor> features(const at::Tensor&) override { return {}; }
};

TEST(Evidence, OcclusionFindsThePlaceThatDecides) {
  auto model = std::make_shared<Corner>();
  at::Tensor image = at::zeros({1, 3, 28, 28});
  image.slice(2, 4, 8).slice(3, 8, 12).fill_(4);  // one bright cell of the 7 x 7 grid
  Raster<float> map = evidence_maps(*model, image, {1})[0];
  EXPECT_EQ(map.at(2, 1), 1);
  EXPECT_EQ(map.at(6, 6), 0);
}

// Two classes that one pixel tells apart, and two that nothing does.
class Pixels : public Dataset {
 public:
  Pixels(int64_t size, bool tellable, uint64_t seed)
      : size_(size), tellable_(tellable), random_(seed) {}
  int64_t size() const override { return size_; }
  std::string id(int64_t i) const override { return std::to_string(i); }
  int64_t label(int64_t i) const override { return i % 2; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Sample read(int64_t i, int) const override {
    Random random = random_.stream(static_cast<uint64_t>(i));
    Sample sample{.image = Image(4, 4, 3), .truth = {}, .id = id(i)};
    for (uint8_t& value : sample.image.pixels) value = static_cast<uint8_t>(random.below(256));
    if (tellable_) sample.image.at(2, 1, 0) = label(i) ? 230 : 20;
    sample.truth.labels = {{.id = label(i)}};
    return sample;
  }

 private:
  int64_t size_;
  bool tellable_;
  Random random_;
  std::vector<std::string> names_ = {"a", "b"};
};

TEST(PixelBaseline, IsRightWhereALineTellsTheClassesAndAtChanceWhereNothingDoes) {
  Transform as_is = [](Sample sample, Random&) { return sample; };
  auto reached = [&](bool tellable) {
    return pixel_baseline_accuracy(std::make_shared<Pixels>(600, tellable, 1),
                                   std::make_shared<Pixels>(200, tellable, 2),
                                   std::make_shared<Pixels>(400, tellable, 3), as_is);
  };
  EXPECT_GT(reached(true), 0.98);
  EXPECT_LT(reached(false), 0.6);
}

TEST(OnnxMetadata, ComesBackAsItWas) {
  ModelMeta meta = meta_of(3);
  meta.resize = "pad";
  meta.crop_share = 0.875;
  ModelMeta back = meta_from_onnx(onnx_metadata(meta));
  EXPECT_EQ(back.class_names, meta.class_names);
  EXPECT_EQ(back.mean, meta.mean);
  EXPECT_EQ(back.std, meta.std);
  EXPECT_EQ(back.input_size, 8);
  EXPECT_EQ(back.resize, "pad");
  EXPECT_EQ(back.crop_share, 0.875);
}

TEST(OnnxMetadata, MissingAndDamagedEntriesAreNamed) {
  std::map<std::string, std::string> entries = onnx_metadata(meta_of(3));
  for (const char* key : {"task", "class_names", "mean", "std", "input_size", "resize"}) {
    std::map<std::string, std::string> less = entries;
    less.erase(key);
    try {
      meta_from_onnx(less);
      FAIL() << key;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::unsupported);
      EXPECT_NE(std::string(error.what()).find(key), std::string::npos);
    }
  }
  const std::vector<std::pair<std::string, std::string>> damage = {
      {"mean", "[["},      {"mean", "[]"},        {"std", "[1, 0, 1]"}, {"input_size", "999999999"},
      {"crop_share", "0"}, {"crop_share", "1e9"}, {"resize", "stretch"}};
  for (const auto& [key, value] : damage) {
    std::map<std::string, std::string> wrong = onnx_metadata(meta_of(3));
    wrong[key] = value;
    EXPECT_THROW(meta_from_onnx(wrong), Error) << key << " " << value;
  }
}

}  // namespace
}  // namespace espalier
