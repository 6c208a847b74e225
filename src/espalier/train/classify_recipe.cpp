#include "espalier/train/classify_recipe.h"

#include <algorithm>
#include <ctime>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/data/destruct_batches.h"
#include "espalier/data/mix.h"
#include "espalier/deploy/cost.h"
#include "espalier/models/table.h"
#include "espalier/tasks/teacher.h"
#include "espalier/tensor/latency.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int kSmallPicture = 96;

ModelMeta make_meta(const ClassifyRecipe& recipe, const Splits& splits, int64_t side) {
  Normalisation usual = Normalisation::usual(splits.channels);
  return {.task = "classify",
          .class_names = splits.class_names,
          .mean = usual.mean,
          .std = usual.deviation,
          .input_size = side,
          .resize = recipe.augment.resize,
          .extra = {{"crop_share", recipe.augment.crop_share}}};
}

nlohmann::ordered_json cost_record(ClassifyTask& task) {
  int64_t side = task.meta().input_size;
  int64_t channels = static_cast<int64_t>(task.meta().mean.size());
  Cost cost = count_cost(task.model(), channels, side, side);
  at::Tensor image =
      at::zeros({1, channels, side, side}).contiguous(at::MemoryFormat::ChannelsLast);
  torch::NoGradGuard guard;
  task.model().eval();
  double latency = median_milliseconds([&] { task.model().forward(image); });
  return {{"parameters", cost.parameters},
          {"macs", cost.macs},
          {"latency_ms", latency},
          {"input", {1, channels, side, side}}};
}

std::string now_text() {
  std::time_t now = std::time(nullptr);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&now));
  return text;
}

void write_summary(const ClassifyRecipe& recipe,
                   const Splits& splits,
                   ClassifyTask& task,
                   const TrainOutcome& outcome,
                   const RunFolder& run) {
  nlohmann::ordered_json failures = {{"count", outcome.failures},
                                     {"named", nlohmann::ordered_json::array()}};
  for (const SampleFailure& failure : outcome.failed)
    failures["named"].push_back({{"id", failure.id}, {"reason", failure.reason}});
  auto count = [](const DatasetPtr& data) { return data ? data->size() : 0; };
  nlohmann::ordered_json summary = {
      {"task", "classify"},
      {"model", recipe.model},
      {"data", splits.description},
      {"dataset",
       {{"train", count(splits.train)}, {"val", count(splits.val)}, {"test", count(splits.test)}}},
      {"classes", splits.class_names},
      {"finished", now_text()},
      {"machine", machine_line()},
      {"versions", {{"espalier", ESPALIER_VERSION}, {"libtorch", torch_version()}}},
      {"precision", name_of(outcome.precision)},
      {"threads", runtime_threads()},
      {"seconds", outcome.seconds},
      {"epochs", outcome.epochs},
      {"stopped_early", outcome.stopped_early},
      {"skipped_steps", outcome.skipped},
      {"seed", recipe.train.seed},
      {"cost", cost_record(task)},
      {"failures", failures}};
  if (!outcome.best.items.empty()) {
    const Score& best = recipe.train.monitor.empty() ? outcome.best.headline()
                                                     : outcome.best.at(recipe.train.monitor);
    summary["best"] = {{"epoch", outcome.best_epoch}, {"score", best.name}, {"value", best.value}};
  }
  write_file_atomic(run / "summary.json", summary.dump(2) + "\n");
}

std::unique_ptr<ClassifyTask> make_task(const ClassifyRecipe& recipe,
                                        const ImageModelPtr& model,
                                        const ModelMeta& meta) {
  std::unique_ptr<ClassifyTask> task;
  if (recipe.method == "dcl")
    task = std::make_unique<DclTask>(model, meta, recipe.task, recipe.dcl);
  else
    task = std::make_unique<ClassifyTask>(model, meta, recipe.task);
  if (!recipe.task.teacher.empty()) {
    task->learn_from(open_teacher(recipe.task.teacher, meta));
    say("teacher: " + recipe.task.teacher);
  }
  return task;
}

Loader training_loader(const ClassifyRecipe& recipe, const DatasetPtr& data, int64_t side) {
  int64_t batch = images_a_step(recipe.train);
  BatchTransform change = mix_batches(recipe.augment.mixup, recipe.augment.cutmix);
  if (recipe.method == "dcl") {
    if (batch % 2 != 0)
      fail(Kind::usage,
           "method dcl takes originals and as many destroyed copies: --batch {} times --accumulate "
           "{} is odd",
           recipe.train.batch, recipe.train.accumulate);
    batch /= 2;
    change = destruct_batches(destruct_config(recipe.dcl), std::move(change));
  }
  return Loader(data, train_transform(recipe.augment, static_cast<int>(side)),
                {.batch = batch,
                 .workers = recipe.train.workers,
                 .shuffle = true,
                 .balance = recipe.train.balance,
                 .drop_last = data->size() > batch,
                 .seed = static_cast<uint64_t>(recipe.train.seed),
                 .min_side = decode_side(recipe.augment, static_cast<int>(side), true)},
                std::move(change));
}

void say_dcl(const DclConfig& dcl) {
  say(fmt::format(
      "method: dcl as {} ({}), {} x {} cells{}, alpha {:g}, beta {:g} ({}), gamma {:g} ({})",
      dcl.variant == "compat" ? "in its published code" : "in the paper", dcl.variant, dcl.grid,
      dcl.grid, dcl.variant == "compat" ? "" : fmt::format(", reach {:g}", dcl.reach), dcl.alpha,
      dcl.beta, dcl.adversary, dcl.gamma, dcl.location));
}

}  // namespace

Fields fields(ClassifyRecipe& recipe) {
  Fields all = {field("data", recipe.data,
                      "image folder, table of labels (.csv, .jsonl), IDX folder, or "
                      "orchard[:kind,key=value,...]"),
                field("model", recipe.model, "a name that `espalier models` lists"),
                field("method", recipe.method,
                      "plain, or dcl for classes that differ in a detail: destruction and "
                      "construction learning; half of each batch are then destroyed copies")
                    .one_of({"plain", "dcl"})};
  all = join(std::move(all), fields(recipe.split));
  all = join(std::move(all), fields(recipe.augment));
  all = join(std::move(all), fields(recipe.task));
  all = join(std::move(all), fields(recipe.dcl));
  return join(std::move(all), fields(recipe.train));
}

int64_t input_side(const ClassifyRecipe& recipe, const Splits& splits) {
  if (recipe.augment.size > 0) return recipe.augment.size;
  for (int64_t i = 0; i < std::min<int64_t>(splits.train->size(), 20); ++i) {
    try {
      Image image = splits.train->read(i).image;
      if (image.width == image.height && image.width <= kSmallPicture) return image.width;
      break;
    } catch (const Error&) {
      // The next picture tells as well; the loader will count and name this one.
    }
  }
  return find_named(model_table(), recipe.model, "model").input_size;
}

Loader evaluation_loader(const DatasetPtr& data,
                         const ModelMeta& meta,
                         int64_t batch,
                         int64_t workers) {
  AugmentConfig view{.augment = "none", .resize = meta.resize};
  if (meta.extra.contains("crop_share")) view.crop_share = meta.extra["crop_share"].get<double>();
  int side = static_cast<int>(meta.input_size);
  return Loader(data, eval_transform(view, side),
                {.batch = batch, .workers = workers, .min_side = decode_side(view, side, false)});
}

TrainOutcome train_classifier(const ClassifyRecipe& recipe, RunFolder& run, bool resume) {
  find_named(model_table(), recipe.model,
             "model");  // a slip of the pen is told before the data are read
  // At once, so that a run that is stopped while it reads its data can be resumed.
  ClassifyRecipe resolved = recipe;
  if (!resume) write_file_atomic(run / "config.toml", to_toml(fields(resolved)));
  Splits splits = open_splits(recipe.data, recipe.split);
  say("data: " + splits.description);
  if (splits.multi_label)
    fail(Kind::unsupported,
         "{} gives pictures several labels, which training does not handle; one class a picture "
         "stands in a column 'label'",
         recipe.data);
  int64_t side = input_side(recipe, splits);
  seed_generator(static_cast<uint64_t>(recipe.train.seed));
  ImageModelPtr model = make_model(
      recipe.model, {{"classes", splits.class_names.size()}, {"in_channels", splits.channels}});
  if (recipe.method == "dcl") {
    resolved.dcl = resolve_dcl(recipe.dcl, *model, splits.channels, side);
    say_dcl(resolved.dcl);
  }
  resolved.augment.size = side;
  if (!resume) write_file_atomic(run / "config.toml", to_toml(fields(resolved)));
  std::unique_ptr<ClassifyTask> task = make_task(resolved, model, make_meta(recipe, splits, side));

  Loader train_data = training_loader(resolved, splits.train, side);
  std::optional<Loader> val_data;
  if (splits.val && splits.val->size() > 0)
    val_data.emplace(
        evaluation_loader(splits.val, task->meta(), recipe.train.batch, recipe.train.workers));
  say(fmt::format("model: {} at {} px, {} classes, peak learning rate {:.4g}", recipe.model, side,
                  splits.class_names.size(), peak_rate(recipe.train)));
  TrainOutcome outcome =
      train(*task, train_data, val_data ? &*val_data : nullptr, recipe.train, run, resume);
  write_summary(recipe, splits, *task, outcome, run);
  return outcome;
}

}  // namespace espalier
