#include "espalier/tasks/teacher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/deploy/export.h"
#include "espalier/models/table.h"
#include "espalier/nn/distillation.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

ModelMeta meta_of(std::vector<std::string> classes, int64_t side) {
  return {.task = "classify",
          .class_names = std::move(classes),
          .mean = {0.4, 0.5, 0.6},
          .std = {0.2, 0.25, 0.3},
          .input_size = side};
}

ImageModelPtr small_net(int64_t classes) {
  return make_model("resnet20", {{"classes", classes}, {"width", 4}, {"blocks", 1}});
}

Batch one_batch(int count, int side) {
  Batch batch{.count = count, .height = side, .width = side, .channels = 3};
  Random random(4);
  for (int i = 0; i < count * side * side * 3; ++i)
    batch.pixels.push_back(static_cast<uint8_t>(random.below(256)));
  for (int i = 0; i < count; ++i) {
    batch.truth.emplace_back().labels = {{.id = i % 3}};
    batch.indices.push_back(i);
  }
  return batch;
}

class Teacher : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("espalier-teacher-{}", ::getpid());
    torch::manual_seed(1);
    net_ = small_net(3);
    net_->eval();
    save_model(folder_, *net_, meta_of({"a", "b", "c"}, 16));
  }
  void TearDown() override { fs::remove_all(folder_); }

  void expect_refused(const ModelMeta& student, const std::string& part) {
    try {
      open_teacher(folder_, student);
      FAIL() << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::usage);
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
      EXPECT_NE(std::string(error.what()).find(folder_.string()), std::string::npos);
    }
  }

  fs::path folder_;
  ImageModelPtr net_;
};

TEST_F(Teacher, TheLossIsHintonsMixOfBoth) {
  Batch batch = one_batch(6, 16);
  ImageModelPtr student = small_net(3);
  student->eval();
  const ModelMeta meta = meta_of({"a", "b", "c"}, 16);
  ClassifyConfig config{.label_smoothing = 0, .teacher_weight = 0.3, .teacher_temperature = 2};
  ClassifyTask plain(student, meta, {}), learner(student, meta, config);
  learner.learn_from(open_teacher(folder_, meta));
  torch::NoGradGuard guard;
  at::Tensor x = to_tensor(batch, {meta.mean, meta.std});
  double soft = distillation_loss(student->forward(x), net_->forward(x), 2).item<double>();
  double hard = plain.losses(batch).total.item<double>();
  EXPECT_GT(soft, 1e-4);
  EXPECT_NEAR(learner.losses(batch).total.item<double>(), 0.7 * hard + 0.3 * soft, 1e-5);
}

TEST_F(Teacher, SeesTheImagesAtItsOwnSizeAndAlsoFromAnExportedFile) {
  export_onnx(*net_, onnx_metadata(meta_of({"a", "b", "c"}, 16)), 3, 16, 16, folder_ / "t.onnx");
  ModelMeta student = meta_of({"a", "b", "c"}, 8);
  student.mean = {0, 0, 0};  // each normalises by its own figures
  auto from_run = open_teacher(folder_, student),
       from_onnx = open_teacher(folder_ / "t.onnx", student);
  torch::NoGradGuard guard;
  Batch small = one_batch(3, 8);
  at::Tensor logits = from_run->logits(small);
  EXPECT_TRUE(at::allclose(from_onnx->logits(small), logits, 1e-4, 1e-5));
  const ModelMeta meta = meta_of({}, 16);
  at::Tensor larger =
      at::upsample_bilinear2d(to_tensor(small, {meta.mean, meta.std}), {16, 16}, false);
  EXPECT_TRUE(at::allclose(net_->forward(larger), logits, 1e-4, 1e-5));
}

TEST_F(Teacher, OtherClassesAreRefusedByName) {
  expect_refused(meta_of({"a", "x", "c"}, 16), "class 1 is 'b' to the teacher and 'x'");
  expect_refused(meta_of({"a", "b"}, 16), "3 classes");
  ModelMeta gray = meta_of({"a", "b", "c"}, 16);
  gray.mean = gray.std = {0.5};
  expect_refused(gray, "3 channels");
}

}  // namespace
}  // namespace espalier
