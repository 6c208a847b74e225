#include "espalier/train/classify_recipe.h"

#include <algorithm>
#include <ctime>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/data/mix.h"
#include "espalier/deploy/cost.h"
#include "espalier/models/table.h"
#include "espalier/models/weights.h"
#include "espalier/tasks/teacher.h"
#include "espalier/tensor/latency.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/probe_first.h"

namespace espalier {
namespace {

constexpr int kSmallPicture = 96;

ModelMeta make_meta(const ClassifyRecipe& recipe, const Splits& splits, int64_t side) {
  Normalisation usual = Normalisation::usual(splits.channels);
  for (const auto* values : {&recipe.mean, &recipe.std})
    if (!values->empty() && values->size() != usual.mean.size())
      fail(Kind::usage, "mean and std: {} numbers for pictures of {} channels", values->size(),
           usual.mean.size());
  return {.task = "classify",
          .class_names = splits.class_names,
          .mean = recipe.mean.empty() ? usual.mean : recipe.mean,
          .std = recipe.std.empty() ? usual.deviation : recipe.std,
          .input_size = side,
          .resize = recipe.augment.resize,
          .crop_share = recipe.augment.crop_share};
}

// Puts recipe.weights into the model and their normalisation, where none was asked for, into the recipe. What became of
// each tensor stands in the run's weights.json.
void begin_from_weights(ImageModel& model,
                        ClassifyRecipe& recipe,
                        const std::vector<std::string>& classes,
                        const RunFolder& run) {
  WeightReport report = load_weights(model, WeightFile::open(recipe.weights), classes);
  const bool theirs = recipe.mean.empty() && recipe.std.empty();
  if (recipe.mean.empty()) recipe.mean = report.view.mean;
  if (recipe.std.empty()) recipe.std = report.view.std;
  say(report.summary());
  say(fmt::format("input: mean {:.3f}, deviation {:.3f} ({})", fmt::join(recipe.mean, " "),
                  fmt::join(recipe.std, " "), theirs ? report.view.source : "as asked for"));
  write_file_atomic(run / "weights.json", to_json(report).dump(2) + "\n");
}

// What recipe.model names: a row of the table, or the network of a model file with all its widths.
ModelChoice architecture_of(const std::string& model) {
  const auto& rows = model_table();
  bool is_name =
      std::any_of(rows.begin(), rows.end(), [&](const ModelRow& row) { return row.name == model; });
  if (!is_name && fs::exists(model)) {
    LoadedModel loaded = load_model(model);
    return {loaded.net->name, loaded.net->arguments};
  }
  return parse_model(model);
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
                   const nlohmann::ordered_json& heads,
                   const RunFolder& run) {
  nlohmann::ordered_json failures = {{"count", outcome.failures},
                                     {"named", nlohmann::ordered_json::array()}};
  for (const SampleFailure& failure : outcome.failed)
    failures["named"].push_back({{"id", failure.id}, {"reason", failure.reason}});
  auto count = [](const DatasetPtr& data) { return data ? data->size() : 0; };
  nlohmann::ordered_json summary = {
      {"task", "classify"},
      {"model", recipe.model},
      {"weights", recipe.weights},
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
  if (!heads.empty()) summary["last_epoch_accuracy"] = heads;  // of each head, on validation data
  if (!outcome.best.items.empty()) {
    const Score& best = recipe.train.monitor.empty() ? outcome.best.headline()
                                                     : outcome.best.at(recipe.train.monitor);
    summary["best"] = {{"epoch", outcome.best_epoch}, {"score", best.name}, {"value", best.value}};
  }
  if (fs::exists(run / "probe.json"))
    summary["probe"] = nlohmann::ordered_json::parse(read_file(run / "probe.json"));
  write_file_atomic(run / "summary.json", summary.dump(2) + "\n");
}

// Accuracy of each head that knows the classes, with the weights of the last epoch; nothing where there is
// the network's own alone.
nlohmann::ordered_json head_accuracies(ClassifyTask& task, Loader& data) {
  std::vector<std::pair<std::string, double>> right;
  double images = 0;
  task.module().eval();
  data.start_epoch(0);
  while (std::optional<Batch> batch = data.next()) {
    if (batch->count == 0) continue;
    const auto verdicts = task.verdicts(*batch);
    if (verdicts.size() < 2) return {};
    right.resize(verdicts.size());
    images += batch->count;
    for (size_t head = 0; head < verdicts.size(); ++head) {
      right[head].first = verdicts[head].first;
      const at::Tensor best = verdicts[head].second.argmax(1);
      for (int64_t i = 0; i < best.size(0); ++i)
        right[head].second +=
            best[i].item<int64_t>() == batch->truth[static_cast<size_t>(i)].labels[0].id;
    }
  }
  nlohmann::ordered_json accuracies;
  for (const auto& [name, count] : right) accuracies[name] = count / images;
  return accuracies;
}

}  // namespace

Fields fields(ClassifyRecipe& recipe) {
  Fields all = {
      field("data", recipe.data,
            "image folder, table of labels (.csv, .jsonl), IDX folder, or "
            "orchard[:kind,key=value,...]"),
      field("model", recipe.model,
            "a name that `espalier models` lists, with settings behind it if any "
            "(mobilenet_v2:width=0.5), or a run folder or model file: a network of the "
            "same layers and widths"),
      field("weights", recipe.weights,
            "pretrained weights: .pth, .pt, .th, .safetensors, or a folder of timm's layout or a "
            "run"),
      field("mean", recipe.mean,
            "of each channel, for samples in 0..1; empty: as the weights want it, else ImageNet's"),
      field("std", recipe.std, "deviation of each channel, likewise").between(1e-6, 1e6)};
  all = join(std::move(all), fields(recipe.split));
  all = join(std::move(all), fields(recipe.augment));
  all = join(std::move(all), fields(recipe.task));
  all = join(std::move(all), fields(recipe.method));
  all = join(std::move(all), fields(recipe.probe));
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
  return find_named(model_table(), architecture_of(recipe.model).name, "model").input_size;
}

Loader training_loader(const ClassifyRecipe& recipe, const DatasetPtr& data, int64_t side) {
  const int64_t images = images_a_step(recipe.train), times = copies(recipe.method);
  if (images % times != 0)
    fail(Kind::usage,
         "method {} takes each picture {} times: --batch {} times --accumulate {} must be a "
         "multiple of that",
         recipe.method.name, times, recipe.train.batch, recipe.train.accumulate);
  const int64_t batch = images / times;
  return Loader(
      data, train_transform(recipe.augment, static_cast<int>(side)),
      {.batch = batch,
       .workers = recipe.train.workers,
       .shuffle = true,
       .balance = recipe.train.balance,
       .drop_last = data->size() > batch,
       .seed = static_cast<uint64_t>(recipe.train.seed),
       .min_side = decode_side(recipe.augment, static_cast<int>(side), true)},
      batch_transform(recipe.method, mix_batches(recipe.augment.mixup, recipe.augment.cutmix)));
}

Loader evaluation_loader(const DatasetPtr& data,
                         const ModelMeta& meta,
                         int64_t batch,
                         int64_t workers) {
  AugmentConfig view{.augment = "none", .resize = meta.resize, .crop_share = meta.crop_share};
  int side = static_cast<int>(meta.input_size);
  return Loader(data, eval_transform(view, side),
                {.batch = batch, .workers = workers, .min_side = decode_side(view, side, false)});
}

TrainOutcome train_classifier(const ClassifyRecipe& recipe, RunFolder& run, bool resume) {
  ModelChoice architecture =
      architecture_of(recipe.model);  // a slip of the pen is told before the data are read
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
  architecture.arguments["classes"] = splits.class_names.size();
  architecture.arguments["in_channels"] = splits.channels;
  ImageModelPtr model = make_model(architecture.name, architecture.arguments);
  if (!recipe.weights.empty() && !resume)
    begin_from_weights(*model, resolved, splits.class_names, run);
  resolved.method = resolve_method(recipe.method, *model, splits.channels, side);
  if (recipe.method.name != "plain") say("method: " + description(resolved.method));
  resolved.augment.size = side;
  if (!resume) write_file_atomic(run / "config.toml", to_toml(fields(resolved)));
  std::unique_ptr<ClassifyTask> task =
      make_task(resolved.method, model, make_meta(resolved, splits, side), recipe.task);
  if (!recipe.task.teacher.empty()) {
    task->learn_from(open_teacher(recipe.task.teacher, task->meta()));
    say("teacher: " + recipe.task.teacher);
  }

  if (!resume && begins_with_probe(recipe, *model)) {
    LinearProbe probe = probe_first(*task, recipe, splits, run);
    if (recipe.probe.probe) {
      TrainOutcome outcome = end_with_probe(*task, probe, run);
      write_summary(recipe, splits, *task, outcome, {}, run);
      return outcome;
    }
  }
  if (recipe.train.norms == "frozen" && recipe.weights.empty())
    warn("--norms frozen without --weights keeps statistics that no picture ever moved");
  Loader train_data = training_loader(resolved, splits.train, side);
  std::optional<Loader> val_data;
  if (splits.val && splits.val->size() > 0)
    val_data.emplace(
        evaluation_loader(splits.val, task->meta(), recipe.train.batch, recipe.train.workers));
  say(fmt::format("model: {} at {} px, {} classes, peak learning rate {:.4g}", recipe.model, side,
                  splits.class_names.size(), peak_rate(recipe.train)));
  TrainOutcome outcome =
      train(*task, train_data, val_data ? &*val_data : nullptr, recipe.train, run, resume);
  write_summary(recipe, splits, *task, outcome,
                val_data ? head_accuracies(*task, *val_data) : nlohmann::ordered_json(), run);
  return outcome;
}

}  // namespace espalier
