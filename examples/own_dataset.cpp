// A data set of one's own: anything that can say its size and hand out sample i trains like a folder of pictures.
#include <cstdio>

#include "espalier/core/error.h"
#include "espalier/data/recipe.h"
#include "espalier/models/table.h"
#include "espalier/tasks/classify.h"
#include "espalier/tensor/runtime.h"
#include "espalier/train/loop.h"

using namespace espalier;

// Stripes that lie or stand.
class Stripes : public Dataset {
 public:
  Stripes(int64_t size, uint64_t seed) : size_(size), random_(seed) {}
  int64_t size() const override { return size_; }
  int64_t label(int64_t i) const override { return i % 2; }
  std::string id(int64_t i) const override { return "stripes " + std::to_string(i); }
  const std::vector<std::string>& class_names() const override { return names_; }
  Sample read(int64_t i, int /*min_side*/) const override {
    Random random =
        random_.stream(static_cast<uint64_t>(i));  // the same picture each time, from any thread
    Sample sample{.image = Image(16, 16, 3), .truth = {.width = 16, .height = 16}, .id = id(i)};
    sample.truth.labels = {{.id = label(i)}};
    int64_t phase = random.below(4);
    for (int y = 0; y < 16; ++y)
      for (int x = 0; x < 16; ++x)
        for (int c = 0; c < 3; ++c)
          sample.image.at(x, y, c) = static_cast<uint8_t>(
              ((label(i) ? x : y) + phase) % 4 < 2 ? 200 : random.uniform(0, 160));
    return sample;
  }

 private:
  int64_t size_;
  Random random_;
  std::vector<std::string> names_ = {"lying", "standing"};
};

int main() try {
  start_runtime(/*threads=*/0);
  ClassifyTask task(make_model("resnet20", {{"classes", 2}}),
                    {.class_names = {"lying", "standing"},
                     .mean = {0.5, 0.5, 0.5},
                     .std = {0.25, 0.25, 0.25},
                     .input_size = 16},
                    {});
  AugmentConfig augment{.augment = "light", .flip = false};
  Loader train_data(std::make_shared<Stripes>(256, 1), train_transform(augment, 16),
                    {.batch = 32, .shuffle = true});
  Loader val_data(std::make_shared<Stripes>(64, 2), eval_transform(augment, 16), {.batch = 32});
  RunFolder run = RunFolder::create("runs/stripes", /*force=*/true);
  TrainOutcome outcome =
      train(task, train_data, &val_data, {.epochs = 2, .batch = 32}, run, /*resume=*/false);
  std::printf("validation accuracy %.3f\n", outcome.best.headline().value);
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return exit_code(error.kind());
}
