// espalier bench WHAT: images a second of inference, of training steps or of the loader, on this machine.
#include <chrono>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/memory.h"
#include "espalier/data/recipe.h"
#include "espalier/data/splits.h"
#include "espalier/deploy/fold.h"
#include "espalier/deploy/network.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/trace.h"
#include "espalier/tasks/method.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/optimiser.h"

#include "app/actions.h"
#include "app/bench_candidates.h"
#include "app/random_model.h"
#include "app/rate.h"
#include "app/verbs.h"

namespace espalier {
namespace {

struct NetworkBench {
  std::string model = "resnet18";
  int64_t batch = 1;
  RandomModelConfig random;
  RateConfig rate;
};

Fields fields(NetworkBench& bench, const std::string& models) {
  Fields all = {
      field("model", bench.model, models),
      field("batch", bench.batch, "images at once").between(1, 65536),
  };
  return join(join(all, fields(bench.random)), fields(bench.rate));
}

// The settings of a network's measurement as the record's first keys.
nlohmann::ordered_json settings_of(const std::string& what,
                                   const std::string& model,
                                   int64_t batch,
                                   const std::string& precision,
                                   int64_t side) {
  return {{"what", what},
          {"model", model},
          {"size", side},
          {"batch", batch},
          {"threads", runtime_threads()},
          {"precision", precision}};
}

// The folded graph that is to be run: of an exported file, or of a model with random weights.
Graph graph_to_run(const NetworkBench& bench) {
  if (fs::path(bench.model).extension() == ".onnx")
    return with_context("reading " + bench.model, [&] { return read_onnx(bench.model); });
  LoadedModel made = random_model(bench.model, bench.random);
  int64_t side = made.meta.input_size, channels = made.net->arguments.at("in_channels");
  Graph graph = trace(*made.net, at::zeros({1, channels, side, side}));
  fold_norms(graph);
  return graph;
}

// The shape of its images at the wanted size; what neither the graph nor the user says is an error.
Shape images_shape(const Graph& graph, const NetworkBench& bench) {
  Shape shape = graph.inputs.empty() ? Shape{} : graph.inputs[0].shape;
  if (shape.size() != 4)
    fail(Kind::unsupported, "{}: its input is not images (N x C x H x W)", bench.model);
  shape[0] = bench.batch;
  if (bench.random.size > 0) shape[2] = shape[3] = bench.random.size;
  if (shape[1] < 1 || shape[2] < 1 || shape[3] < 1)
    fail(Kind::usage, "{} does not say how large its images are; name --size", bench.model);
  return shape;
}

int bench_infer(const Arguments& arguments) {
  NetworkBench bench;
  NetworkConfig config;
  CommandLine line("espalier bench infer [flags]", "runs a folded network on random images");
  line.add(fields(bench, "a name that `espalier models` lists, or an .onnx file"));
  line.add(fields(config));
  if (!line.parse(arguments)) return 0;
  double before = resident_mib();
  Graph graph = graph_to_run(bench);
  Shape shape = images_shape(graph, bench);
  const bool int8 = !graph.steps.empty();
  Network network(std::move(graph), config);
  at::Tensor images = at::randn(shape);
  Rate rate = measure_rate(bench.rate, [&] { return network.run(images).size(0); });
  nlohmann::ordered_json record = settings_of(
      "infer", bench.model, bench.batch, int8 ? "int8" : name_of(network.precision()), shape[3]);
  record["runtime"] = network.runtime();
  print_rate(line, record, rate, before);
  return 0;
}

// Random bytes with random classes, as a loader would hand them over.
Batch random_batch(int64_t count, int64_t side, int64_t channels, int64_t classes) {
  Batch batch{.count = static_cast<int>(count),
              .height = static_cast<int>(side),
              .width = static_cast<int>(side),
              .channels = static_cast<int>(channels)};
  Random random = Random(1).stream("bench");
  batch.pixels.resize(static_cast<size_t>(count * side * side * channels));
  for (uint8_t& value : batch.pixels) value = static_cast<uint8_t>(random.below(256));
  for (int64_t i = 0; i < count; ++i) {
    Annotation truth;
    truth.labels = {{.id = random.below(classes)}};
    batch.truth.push_back(truth);
    batch.indices.push_back(i);
  }
  return batch;
}

int bench_train(const Arguments& arguments) {
  NetworkBench bench;
  TrainConfig train;
  MethodConfig method;
  std::string precision = "fp32";
  CommandLine line("espalier bench train [flags]",
                   "trains a network on one random batch: forward, backward, optimiser step");
  line.add(fields(bench, "a name that `espalier models` lists"));
  line.add({field("optimiser", train.optimiser, "sgd or adamw").one_of({"sgd", "adamw"}),
            field("precision", precision, "arithmetic").one_of({"fp32", "bf16"})});
  line.add(fields(method));
  if (!line.parse(arguments)) return 0;
  double before = resident_mib();
  LoadedModel made = random_model(bench.model, bench.random);
  const int64_t channels = made.net->arguments.at("in_channels"), side = made.meta.input_size;
  method = resolve_method(method, *made.net, channels, side);
  if (bench.batch % copies(method) != 0)
    fail(Kind::usage,
         "method {} takes each picture {} times: --batch {} must be a multiple of that",
         method.name, copies(method), bench.batch);
  std::unique_ptr<ClassifyTask> task = make_task(method, made.net, made.meta, {});
  to_channels_last(task->module());
  Optimiser optimiser(task->module(), train);
  task->module().train();
  const Batch loaded =
      random_batch(bench.batch / copies(method), side, channels, made.net->arguments.at("classes"));
  const BatchTransform change = batch_transform(method, {});
  Random random = Random(1).stream("method");
  using Clock = std::chrono::steady_clock;
  Clock::duration changing{}, all{};
  constexpr double kRate = 1e-3;
  Rate rate = measure_rate(bench.rate, [&] {
    const Clock::time_point start = Clock::now();
    Batch batch = loaded;
    if (change) change(batch, random);
    changing += Clock::now() - start;
    optimiser.zero_grad();
    Losses losses;
    {
      Autocast scope(precision == "bf16" ? Precision::bf16 : Precision::fp32);
      losses = task->losses(batch);
    }
    if (!std::isfinite(losses.total.item<double>()))
      fail(Kind::internal, "the loss on random images is not finite");
    losses.total.backward();
    optimiser.step(kRate);
    all += Clock::now() - start;
    return bench.batch;
  });
  nlohmann::ordered_json record =
      settings_of("train", bench.model, bench.batch, precision, made.meta.input_size);
  record["optimiser"] = train.optimiser;
  record["method"] = method.name;
  // Of the time of a step, what the method does to the batch: in training the loader's threads do it.
  record["batch_share"] = std::chrono::duration<double>(changing) / all;
  print_rate(line, record, rate, before);
  return 0;
}

int bench_data(const Arguments& arguments) {
  std::string data = "orchard";
  int64_t batch = 32, workers = 2;
  AugmentConfig augment{.augment = "standard", .size = 224};
  RateConfig rate_config;
  CommandLine line("espalier bench data [flags]",
                   "loads the shuffled training part of a data set, epoch after epoch");
  line.add(
      {field("data", data, "image folder, IDX folder, or orchard[:kind,key=value,...]"),
       field("batch", batch, "images at once").between(1, 65536),
       field("workers", workers, "loader threads; 0: load in the calling thread").between(0, 256)});
  line.add(fields(augment));
  line.add(fields(rate_config));
  if (!line.parse(arguments)) return 0;
  if (augment.size < 1) fail(Kind::usage, "name the side of the images by --size");
  double before = resident_mib();
  int side = static_cast<int>(augment.size);
  Splits splits = open_splits(data, {.val_share = 0, .test_share = 0});
  Loader loader(splits.train, train_transform(augment, side),
                {.batch = batch,
                 .workers = workers,
                 .shuffle = true,
                 .seed = 1,
                 .min_side = decode_side(augment, side, true)});
  int64_t epoch = 0, failures = 0;
  loader.start_epoch(epoch);
  Rate rate = measure_rate(rate_config, [&] {
    std::optional<Batch> next = loader.next();
    if (!next) {
      loader.start_epoch(++epoch);
      next = loader.next();
    }
    if (!next) fail(Kind::data, "{} holds no training images", data);
    failures += static_cast<int64_t>(next->failures.size());
    return int64_t{next->count};
  });
  print_rate(line,
             {{"what", "data"},
              {"data", data},
              {"images", splits.train->size()},
              {"size", side},
              {"batch", batch},
              {"workers", workers},
              {"failures", failures}},
             rate, before);
  return 0;
}

const std::vector<Action>& subjects() {
  static const std::vector<Action> table = {
      {"infer", "a folded network on random images", bench_infer},
      {"train", "training steps on random images", bench_train},
      {"data", "reading, decoding and augmenting a data set", bench_data},
      {"candidates", "width vectors that a search for pruning scores", bench_candidates}};
  return table;
}

}  // namespace

int run_bench(const Arguments& arguments) {
  return run_action("bench", "WHAT", subjects(), arguments);
}

}  // namespace espalier
