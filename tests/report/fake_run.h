// A run folder as `train`, `eval` and `export` leave it, with invented but plausible content, for tests of the report.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "espalier/core/files.h"
#include "espalier/core/random.h"
#include "espalier/format/png.h"
#include "espalier/metrics/class_ranking.h"
#include "espalier/metrics/classification.h"
#include "espalier/report/overlay.h"

namespace espalier::testing {

using OrderedJson = nlohmann::ordered_json;

// A folder of this test in this process, empty at first; gone when the process ends.
inline fs::path test_folder() {
  struct Root {
    fs::path path = fs::path(::testing::TempDir()) / fmt::format("espalier-report-{}", ::getpid());
    ~Root() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  };
  static const Root root;
  const fs::path folder =
      root.path / ::testing::UnitTest::GetInstance()->current_test_info()->name();
  make_folder(folder);
  return folder;
}

struct FakeRun {
  size_t classes = 10;
  int64_t images = 1000, epochs = 12, steps_per_epoch = 120;
  double skill = 3;  // how far the true class stands out
  uint64_t seed = 1;
  int side = 96;
  std::string model = "resnet20";
};

inline std::vector<std::string> species(size_t count) {
  const std::vector<std::string> first = {"ash", "birch",  "cherry", "dogwood", "elm",
                                          "fir", "ginkgo", "hazel",  "iris",    "juniper"};
  const std::vector<std::string> second = {"",       "dwarf ", "silver ", "mountain ", "weeping ",
                                           "black ", "river ", "winter ", "golden ",   "false "};
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(second[i / 10 % 10] + first[i % 10]);
  return names;
}

// A leaf-like blob on a soft background, and the heat of its middle.
inline void write_pictures(const fs::path& folder,
                           const std::string& name,
                           int side,
                           Random random) {
  Image picture(side, side, 3);
  Raster<float> heat(12, 12, 1);
  const double cx = random.uniform(.35, .65) * side, cy = random.uniform(.35, .65) * side,
               turn = random.uniform(0, 3.1);
  const double hue = random.uniform();
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x) {
      const double u = ((x - cx) * std::cos(turn) + (y - cy) * std::sin(turn)) / (.38 * side);
      const double v = (-(x - cx) * std::sin(turn) + (y - cy) * std::cos(turn)) / (.2 * side);
      const bool leaf = u * u + v * v < 1,
                 vein = leaf && (std::abs(v) < .06 ||
                                 std::abs(std::fmod(u * 5 + 9, 1.0) - std::abs(v)) < .07);
      const double noise = random.uniform(-9, 9);
      const double colour[3] = {vein   ? 205
                                : leaf ? 70 + 90 * hue
                                       : 196 + 30. * y / side,
                                vein   ? 215
                                : leaf ? 128 - 30 * hue
                                       : 205 + 20. * x / side,
                                vein   ? 150.
                                : leaf ? 62.
                                       : 214.};
      for (int c = 0; c < 3; ++c)
        picture.at(x, y, c) = static_cast<uint8_t>(std::min(255., std::max(0., colour[c] + noise)));
    }
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 12; ++x)
      heat.at(x, y) = static_cast<float>(std::exp(
          -(std::pow((x + .5) / 12 * side - cx, 2) + std::pow((y + .5) / 12 * side - cy, 2)) /
          (.04 * side * side)));
  write_png(folder / (name + ".png"), picture);
  write_png(folder / (name + "-evidence.png"), overlay_heat(picture, heat));
}

inline void write_metrics(const fs::path& folder, const FakeRun& fake) {
  Random random = Random(fake.seed).stream("metrics");
  std::string text;
  const int64_t all = fake.epochs * fake.steps_per_epoch;
  for (int64_t step = 1; step <= all; ++step) {
    const double t = static_cast<double>(step) / static_cast<double>(all);
    const double warm = std::min(1., t * static_cast<double>(fake.epochs));
    const OrderedJson line = {
        {"kind", "step"},
        {"step", step},
        {"epoch", t * static_cast<double>(fake.epochs)},
        {"loss", (.12 + 2.2 * std::exp(-6 * t)) * std::exp(.16 * random.normal())},
        {"lr", .1 * warm * .5 * (1 + std::cos(3.14159265 * t))},
        {"images_per_second", random.uniform(850, 950)}};
    text += line.dump() + "\n";
    if (step % fake.steps_per_epoch != 0) continue;
    const double accuracy = .965 - .6 * std::exp(-4 * t) + .01 * random.normal(), half = .02;
    const OrderedJson epoch = {
        {"kind", "epoch"},
        {"epoch", step / fake.steps_per_epoch},
        {"step", step},
        {"train_loss", .12 + 2.2 * std::exp(-6 * t)},
        {"scores",
         {{"accuracy",
           {{"value", accuracy},
            {"low", accuracy - half},
            {"high", accuracy + half},
            {"higher_is_better", true}}},
          {"log_loss", {{"value", .16 + 1.9 * std::exp(-5 * t)}, {"higher_is_better", false}}}}},
        {"seconds", 9.8}};
    text += epoch.dump() + "\n";
  }
  write_file_atomic(folder / "metrics.jsonl", text);
}

// Truth and softmax predictions; classes come in pairs that are easily confused.
inline void write_evaluation(const fs::path& folder, const FakeRun& fake) {
  Random random = Random(fake.seed).stream("evaluation");
  const std::vector<std::string> names = species(fake.classes);
  std::vector<Annotation> truth, predicted;
  struct Wrong {
    float confidence;
    size_t sample;
  };
  std::vector<Wrong> wrong, right;
  for (int64_t i = 0; i < fake.images; ++i) {
    const size_t t = static_cast<size_t>(random.below(static_cast<int64_t>(fake.classes)));
    std::vector<double> logits(fake.classes);
    for (double& l : logits) l = random.normal();
    logits[t] += fake.skill * (t % 4 == 1 ? .8 : 1.2) + 1.3;
    if ((t ^ 1U) < fake.classes) logits[t ^ 1U] += 1.6;
    double sum = 0;
    for (double& l : logits) sum += l = std::exp(1.5 * l);
    Annotation p;
    for (size_t c = 0; c < fake.classes; ++c)
      p.labels.push_back({static_cast<int64_t>(c), static_cast<float>(logits[c] / sum)});
    std::stable_sort(p.labels.begin(), p.labels.end(),
                     [](const Label& a, const Label& b) { return a.score > b.score; });
    (p.labels[0].id == static_cast<int64_t>(t) ? right : wrong)
        .push_back({p.labels[0].score, static_cast<size_t>(i)});
    Annotation a;
    a.labels = {{static_cast<int64_t>(t)}};
    truth.push_back(a);
    predicted.push_back(p);
  }
  OrderedJson json = to_json(score_classification(truth, predicted, names), names);
  std::vector<int32_t> labels;
  std::vector<double> rows(truth.size() * fake.classes);
  for (size_t i = 0; i < truth.size(); ++i) {
    labels.push_back(static_cast<int32_t>(truth[i].labels[0].id));
    for (const Label& label : predicted[i].labels)
      rows[i * fake.classes + static_cast<size_t>(label.id)] = label.score;
  }
  json["curves"] = to_json(
      rank_classes({.truth = labels, .score = rows, .classes = static_cast<int64_t>(fake.classes)})
          .curves);
  std::stable_sort(wrong.begin(), wrong.end(),
                   [](const Wrong& a, const Wrong& b) { return a.confidence > b.confidence; });
  size_t number = 0;
  const auto entry = [&](size_t sample) -> OrderedJson {
    const std::string name = fmt::format("{:04}", ++number);
    write_pictures(folder / "eval-test", name, fake.side, Random(fake.seed).stream(number));
    const Label answer = predicted[sample].labels[0];
    const std::string& is = names[static_cast<size_t>(truth[sample].labels[0].id)];
    return {{"id", fmt::format("{}/{:05}.jpg", is, sample)},
            {"truth", is},
            {"predicted", names[static_cast<size_t>(answer.id)]},
            {"confidence", answer.score},
            {"image", "eval-test/" + name + ".png"},
            {"evidence", "eval-test/" + name + "-evidence.png"},
            {"object", {{"share", .61}, {"even", .32}}},
            {"part", {{"share", .14}, {"even", .03}}}};
  };
  const auto list = [&](const char* key, const std::vector<Wrong>& from, size_t most) {
    json[key] = OrderedJson::array();
    for (size_t i = 0; i < std::min(most, from.size()); ++i)
      json[key].push_back(entry(from[i].sample));
  };
  make_folder(folder / "eval-test");
  list("mistakes", wrong, 12);
  list("examples", right, 4);
  json["looks"] = OrderedJson::array();
  for (size_t i = 0; i < 6; ++i) {
    json["looks"].push_back(entry(i));
    json["looks"].back()["id"] = fmt::format("look/{}.jpg", i);  // the same in every run
    json["looks"].back()["truth"] = names[i % fake.classes];
  }
  json["pairs"] = {{{"truth", names[0]},
                    {"taken_for", names[1]},
                    {"count", 7},
                    {"other_way", 3},
                    {"mistaken", entry(wrong[0].sample)},
                    {"right", entry(right[0].sample)}}};
  json["evidence"] = {
      {"object", {{"pictures", 200}, {"share", .62}, {"low", .6}, {"high", .64}, {"even", .31}}},
      {"part", {{"pictures", 180}, {"share", .123}, {"low", .1}, {"high", .15}, {"even", .041}}},
      {"failures", {{{"id", "elm/1.jpg"}, {"reason", "has no mask"}}}}};
  write_file_atomic(folder / "eval-test.json", json.dump(1));
}

inline void write_rest(const fs::path& folder, const FakeRun& fake) {
  const OrderedJson summary = {
      {"task", "classify"},
      {"model", fake.model},
      {"data", "orchard:twins,mark=0.2,noise=0.05"},
      {"classes", fake.classes},
      {"machine", "AMD EPYC 7B13, 2 threads, 7.8 GB, Linux 6.1"},
      {"versions", {{"espalier", "0.1.0"}, {"torch", "2.13.0"}}},
      {"precision", "bf16"},
      {"threads", 2},
      {"seconds", 187.4},
      {"epochs", fake.epochs},
      {"seed", fake.seed},
      {"cost",
       {{"parameters", 272474},
        {"macs", 40550000},
        {"latency_ms", 1.84},
        {"input", {3, fake.side, fake.side}}}},
      {"failures",
       {{"count", 2},
        {"named",
         {{{"id", "elm/00017.jpg"}, {"reason", "JPEG data ends early at byte 1,204"}},
          {{"id", "fir/00203.jpg"}, {"reason", "not a JPEG or PNG file"}}}}}},
      {"best", {{"epoch", fake.epochs - 1}, {"score", "accuracy"}, {"value", .962}}},
      {"dataset", {{"train", 2000}, {"val", 400}, {"test", fake.images}}},
      {"baseline_accuracy", .312}};
  write_file_atomic(folder / "summary.json", summary.dump(1));
  write_file_atomic(folder / "export.json",
                    R"({"onnx_max_abs_diff": 2.4e-6, "nodes": 66, "opset": 17, "bytes": 1096321})");
  write_file_atomic(
      folder / "config.toml",
      fmt::format("# resolved configuration\nmodel = \"{}\"  # a row of `espalier models`\nepochs "
                  "= {}  # passes over the training data\nlr = {}  # peak learning rate for a "
                  "batch of 256\nseed = {}\n\n[augment]\nflip = true  # left to right\n",
                  fake.model, fake.epochs, fake.seed == 1 ? 0.1 : 0.05, fake.seed));
}

inline fs::path write_fake_run(const fs::path& folder, const FakeRun& fake = {}) {
  fs::remove_all(folder);
  make_folder(folder);
  write_metrics(folder, fake);
  write_evaluation(folder, fake);
  write_rest(folder, fake);
  return folder;
}

}  // namespace espalier::testing
