#include "espalier/prune/prune_run.h"

#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/deploy/cost.h"
#include "espalier/deploy/network.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/model_file.h"
#include "espalier/prune/latency_limit.h"
#include "espalier/prune/subject.h"
#include "espalier/prune/surgery.h"
#include "espalier/tensor/latency.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Shape input_of(const ModelMeta& meta) {
  return {1, static_cast<int64_t>(meta.mean.size()), meta.input_size, meta.input_size};
}

// How the run was trained, and with what it is to be trained now.
ClassifyRecipe training_recipe(const PruneRecipe& recipe) {
  ClassifyRecipe training;
  fs::path config = fs::path(recipe.run) / "config.toml";
  if (fs::exists(config))
    read_toml(fields(training), config);
  else if (recipe.data.empty())
    fail(Kind::usage, "{} does not say what it was trained on; name --data", recipe.run);
  if (!recipe.data.empty()) training.data = recipe.data;
  if (recipe.epochs > 0) training.train.epochs = recipe.epochs;
  if (recipe.lr > 0) training.train.lr = recipe.lr;
  training.probe.probe = training.probe.probe_first = false;
  training.task.teacher = recipe.distill ? recipe.run : "";
  return training;
}

NetworkFigures measure(const LoadedModel& model, const fs::path& file, const DatasetPtr& held_out) {
  Shape input = input_of(model.meta);
  Graph graph = trace(*model.net, at::zeros(input));
  Cost cost = count_cost(graph, input);
  NetworkFigures figures{.cost = {.macs = cost.macs,
                                  .parameters = cost.parameters,
                                  .activations = cost.activations,
                                  .traffic = cost.traffic,
                                  .extras = cost.extras,
                                  .bytes = static_cast<int64_t>(fs::file_size(file))},
                         .accuracy = {}};
  if (!held_out || held_out->size() == 0) return figures;
  ClassifyTask task(model.net, model.meta, {});
  Loader loader = evaluation_loader(held_out, model.meta, 64, 2);
  Predictions predictions = predict_all(task, loader, Precision::fp32, "validating");
  if (!predictions.truth.empty())
    figures.accuracy = task.score(predictions.truth, predictions.predicted).headline();
  return figures;
}

fs::path model_file_of(const fs::path& run) {
  return fs::is_directory(run) ? run / "model.safetensors" : run;
}

void say_choice(const PruneOutcome& outcome, const PrunedCost& cost) {
  std::string widths;
  for (size_t i = 0; i < outcome.counts.size(); ++i) {
    const ChannelGroup& group = outcome.structure.groups[i];
    widths += fmt::format("{}{} {}/{}", i ? ", " : "", group.name, outcome.counts[i] * group.width,
                          group.size * group.width);
  }
  say("widths: " + widths);
  say(fmt::format("{} multiply-adds, {} parameters left", with_commas(cost.macs),
                  with_commas(cost.parameters)));
}

// The run as train() would have left it, had it begun and ended with this network.
void write_untrained_run(ClassifyRecipe training,
                         const LoadedModel& pruned,
                         const Splits& splits,
                         const RunFolder& out) {
  save_model(out.path(), *pruned.net, pruned.meta);
  write_file_atomic(out / "config.toml", to_toml(fields(training)));
  nlohmann::ordered_json summary = {{"task", "classify"},
                                    {"model", training.model},
                                    {"data", splits.description},
                                    {"classes", splits.class_names},
                                    {"machine", machine_line()},
                                    {"threads", runtime_threads()},
                                    {"epochs", 0}};
  write_file_atomic(out / "summary.json", summary.dump(2) + "\n");
}

void write_record(const PruneRecipe& recipe, const PruneOutcome& outcome, const RunFolder& out) {
  nlohmann::ordered_json record = to_json(outcome);
  record["run"] = recipe.run;
  record["budget"] = recipe.to;
  record["method"] = recipe.method.method;
  record["scope"] = recipe.method.scope;
  record["then"] = recipe.then;
  record["machine"] = machine_line();
  record["threads"] = runtime_threads();
  record["widths"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < outcome.counts.size(); ++i) {
    const ChannelGroup& group = outcome.structure.groups[i];
    record["widths"].push_back({{"layer", group.name},
                                {"before", group.size * group.width},
                                {"after", outcome.counts[i] * group.width}});
  }
  record["searched"] = nlohmann::ordered_json::array();
  for (const PruneCandidate& candidate : outcome.searched)
    record["searched"].push_back({{"counts", candidate.counts},
                                  {"macs", candidate.cost.macs},
                                  {"parameters", candidate.cost.parameters},
                                  {"score", candidate.score}});
  record["latencies"] = nlohmann::ordered_json::array();
  for (const LatencyPoint& point : outcome.latencies)
    record["latencies"].push_back({{"batch", point.batch},
                                   {"threads", point.threads},
                                   {"before_ms", point.milliseconds.at(0)},
                                   {"after_ms", point.milliseconds.at(1)}});
  if (!outcome.timed_model.empty()) record["timed_model"] = outcome.timed_model;
  write_file_atomic(out / "prune.json", record.dump(1) + "\n");
}

}  // namespace

Fields fields(PruneRecipe& recipe) {
  Fields all = {
      field("to", recipe.to,
            "the most it may cost: macs=0.5, params=1M, bytes=1.5MB, latency=3ms, or several with "
            "commas; a number up to 1 is a share of the network"),
      field("data", recipe.data, "data set; empty: the one the run was trained on"),
      field("then", recipe.then,
            "finetune: train on with the weights that stay; scratch: train the widths from fresh "
            "weights; nothing: only measure the norms' statistics anew")
          .one_of({"finetune", "scratch", "nothing"}),
      field("epochs", recipe.epochs, "of that training; 0: as the run").between(0, 1e6),
      field("lr", recipe.lr, "peak learning rate of that training; 0: as the run").between(0, 1e3),
      field("distill", recipe.distill, "the network before pruning teaches the pruned one"),
      field("int8", recipe.int8,
            "also writes what is left in eight bits, model-int8.onnx, calibrated on training "
            "pictures"),
      field("table", recipe.table,
            "for latency: file of the layers' times on this machine; measured and written when "
            "there is none")};
  all = join(std::move(all), fields(recipe.method));
  all = join(std::move(all), fields(recipe.widths));
  all = join(std::move(all), fields(recipe.quantise));
  return join(std::move(all), fields(recipe.judge));
}

PruneOutcome prune_classifier(const PruneRecipe& recipe, RunFolder& out, bool resume) {
  auto start = Clock::now();
  const PruneMethod& method = find_prune_method(recipe.method.method);
  if (recipe.to.empty()) fail(Kind::usage, "--to says what the network may cost: macs=0.5");
  PruneSubject subject(recipe.run);
  auto& [model, input, graph, structure, cost] = subject;
  ClassifyRecipe training = training_recipe(recipe);
  Splits splits = open_splits(training.data, training.split);
  say("data: " + splits.description);

  PruneOutcome outcome;
  outcome.structure = structure;
  if (recipe.to.find("latency") != std::string::npos) {
    auto latency =
        open_latency_model(recipe.table, *model.net, graph, structure, input, recipe.widths);
    check_prediction(*latency);
    outcome.timed_model = latency->compared();
    cost.predict(latency);
  }
  Budget budget = parse_budget(recipe.to, cost.at(outcome.structure.whole()));
  WidthChoice widths(structure, cost, budget, recipe.widths);
  outcome.before = measure(model, model_file_of(recipe.run), splits.val);

  const fs::path work = out / "search";
  if (!resume) {
    fs::remove_all(work);
    PruneRecipe kept = recipe;
    write_file_atomic(out / kRecipe, to_toml(fields(kept)));
    write_file_atomic(out / "config.toml", to_toml(fields(training)));
  }
  auto search_start = Clock::now();
  ClassifyTask task(model.net, model.meta, {});
  PruneData data = classifier_data(task, splits.train, splits.val, recipe.judge, training);
  auto choose = [&](const WidthChoice& within) {
    return method.choose({*model.net, structure, cost, within, recipe.method, data, work});
  };
  PruneChoice choice = budget.latency() ? choose_by_clock(budget, recipe.widths, cost, structure,
                                                          *model.net, input, choose)
                                        : choose(widths);
  outcome.search_seconds = seconds_since(search_start);
  outcome.counts = counts_of(structure, choice.keep);
  outcome.searched = std::move(choice.searched);
  say_choice(outcome, cost.at(outcome.counts));

  remove_channels(*model.net, structure, choice.keep);
  data.recalibrate(model.net);
  fs::path cut = out / "pruned";
  make_folder(cut);
  save_model(cut, *model.net, model.meta);

  training.model = cut.string();
  training.weights = recipe.then == "finetune" ? cut.string() : "";
  training.augment.size = model.meta.input_size;
  training.mean = model.meta.mean;
  training.std = model.meta.std;
  if (recipe.then == "nothing")
    write_untrained_run(training, model, splits, out);
  else
    train_classifier(training, out, resume && out.has_state());
  const LoadedModel trained = load_model(out.path());
  outcome.after = measure(trained, out / "model.safetensors", splits.val);
  const std::vector<ImageModelPtr> both = {load_model(recipe.run).net, trained.net};
  const std::vector<double> latencies = measured_latencies(both, input);
  outcome.before.latency_ms = latencies[0];
  outcome.after.latency_ms = latencies[1];
  say("timing both networks, one picture and 32 at a time");
  outcome.latencies = latency_profile(both, input);
  if (recipe.int8) {
    const fs::path file = out / "model-int8.onnx";
    outcome.int8 = Int8Figures{.file = quantise_classifier(trained, splits, recipe.quantise, file)};
    Network network(read_onnx(file));
    at::Tensor picture = at::rand(input);
    outcome.int8->latency_ms = median_milliseconds([&] { network.run(picture); });
  }
  outcome.seconds = seconds_since(start);
  write_record(recipe, outcome, out);
  return outcome;
}

nlohmann::ordered_json to_json(const PruneOutcome& outcome) {
  nlohmann::ordered_json json;
  auto add = [&](const std::string& name, auto before, auto after) {
    json[name] = after;
    json[name + "_before"] = before;
  };
  const NetworkFigures &before = outcome.before, &after = outcome.after;
  add("macs", before.cost.macs, after.cost.macs);
  add("parameters", before.cost.parameters, after.cost.parameters);
  add("activations", before.cost.activations, after.cost.activations);
  add("traffic", before.cost.traffic, after.cost.traffic);
  add("bytes", before.cost.bytes, after.cost.bytes);
  add("latency_ms", before.latency_ms, after.latency_ms);
  if (before.accuracy && after.accuracy) {
    add("accuracy", before.accuracy->value, after.accuracy->value);
    json["accuracy_split"] = "val";
    auto interval = [&](const char* name, const Score& score) {
      if (score.interval) json[name] = {score.interval->low, score.interval->high};
    };
    interval("accuracy_interval", *after.accuracy);
    interval("accuracy_interval_before", *before.accuracy);
  }
  if (outcome.int8) {
    json["int8_latency_ms"] = outcome.int8->latency_ms;
    json.update(to_json(outcome.int8->file));
  }
  json["search_seconds"] = outcome.search_seconds;
  json["seconds"] = outcome.seconds;
  return json;
}

std::string comparison_table(const PruneOutcome& outcome) {
  std::string text = fmt::format("{:<22} {:>15} {:>15} {:>8}\n", "", "before", "after", "left");
  auto line = [&](const char* name, double before, double after, int digits) {
    text += fmt::format("{:<22} {:>15.{}f} {:>15.{}f} {:>7.1f} %\n", name, before, digits, after,
                        digits, 100 * after / before);
  };
  auto count = [&](const char* name, int64_t PrunedCost::*figure) {
    int64_t before = outcome.before.cost.*figure, after = outcome.after.cost.*figure;
    text += fmt::format("{:<22} {:>15} {:>15} {:>7.1f} %\n", name, with_commas(before),
                        with_commas(after),
                        100 * static_cast<double>(after) / static_cast<double>(before));
  };
  count("multiply-adds", &PrunedCost::macs);
  count("parameters", &PrunedCost::parameters);
  count("activations", &PrunedCost::activations);
  count("memory traffic", &PrunedCost::traffic);
  count("bytes of the file", &PrunedCost::bytes);
  line("ms a picture", outcome.before.latency_ms, outcome.after.latency_ms, 3);
  const auto &before = outcome.before.accuracy, &after = outcome.after.accuracy;
  if (before && after) {
    line("validation accuracy", before->value, after->value, 4);
    if (after->interval)
      text += fmt::format(
          "{:<22} {:>15} {:>15}\n", "  95 %",
          before->interval
              ? fmt::format("{:.3f} .. {:.3f}", before->interval->low, before->interval->high)
              : "",
          fmt::format("{:.3f} .. {:.3f}", after->interval->low, after->interval->high));
  }
  if (!outcome.int8) return text;
  const Int8Figures& int8 = *outcome.int8;
  text += fmt::format("{:<22} {:>15} {:>15} {:>7.1f} %\n", "int8: bytes",
                      with_commas(outcome.before.cost.bytes), with_commas(int8.file.report.bytes),
                      100 * static_cast<double>(int8.file.report.bytes) /
                          static_cast<double>(outcome.before.cost.bytes));
  line("int8: ms a picture", outcome.before.latency_ms, int8.latency_ms, 3);
  if (before && int8.file.accuracy)
    line("int8: accuracy", before->value, int8.file.accuracy->value, 4);
  return text;
}

}  // namespace espalier
