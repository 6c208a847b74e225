// The binary as a user meets it: what it prints, what it refuses and with which exit code, and that a killed run
// goes on to the bit.
#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/orchard.h"
#include "espalier/data/write.h"
#include "espalier/format/png.h"
#include "espalier/format/safetensors.h"

#include "tests/program.h"

namespace espalier {
namespace {

class Command : public ::testing::Test {
 protected:
  pid_t start(const std::vector<std::string>& words) { return program_.start(words); }
  Outcome run(const std::vector<std::string>& words) { return program_.run(words); }

  // One line on standard error that holds `part`, this exit code, nothing on standard output.
  void expect_refused(const std::vector<std::string>& words, int code, const std::string& part) {
    Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("espalier: ", 0), 0u) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }

  nlohmann::json last_json(const Outcome& outcome) {
    std::string text = outcome.out;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return nlohmann::json::parse(text.substr(text.rfind('\n') + 1));
  }

  std::vector<std::string> train_words(const std::string& out) {
    return {"train",        "classify",
            "--data",       "orchard:species,size=32,train=200,val=40,test=80",
            "--out",        out,
            "--epochs",     "2",
            "--batch",      "20",
            "--threads",    "1",
            "--precision",  "fp32",
            "--save-steps", "2",
            "--quiet"};
  }

  // A run with `more` flags that is killed and resumed leaves the weights of one that was not.
  void expect_resumed_to_the_bit(const std::vector<std::string>& more) {
    auto words = [&](const std::string& out) {
      std::vector<std::string> all = train_words(out);
      all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    ASSERT_EQ(run(words("whole")).code, 0);
    pid_t child = start(words("killed"));
    fs::path state = root_ / "killed/last.ckpt";
    // Killed once the first state of the middle of an epoch is on the disk (10 steps an epoch, saved
    // every 2).
    for (int i = 0; i < 6000 && !fs::exists(state); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::kill(child, SIGKILL);
    ASSERT_EQ(program_.wait(child).code, -SIGKILL) << "the run ended before it could be killed";
    ASSERT_FALSE(fs::exists(root_ / "killed/last/model.safetensors"));
    std::vector<std::string> again = words("killed");
    again.push_back("--resume");
    Outcome resumed = run(again);
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    for (const char* file : {"model.safetensors", "last/model.safetensors"})
      EXPECT_EQ(read_file(root_ / "killed" / file), read_file(root_ / "whole" / file)) << file;
  }

  Program program_{"command"};
  const fs::path& root_ = program_.root();
};

TEST_F(Command, HelpListsVerbsAndFlagsWithDefaults) {
  Outcome outcome = run({"--help"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* verb : {"train", "eval", "predict", "export", "convert", "report", "data",
                           "models", "bench", "lab", "demo"})
    EXPECT_NE(outcome.out.find(verb), std::string::npos) << verb;
  outcome = run({"train", "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_NE(outcome.out.find("--weight-decay"), std::string::npos);
  EXPECT_NE(outcome.out.find("[0.0005]"), std::string::npos);
}

TEST_F(Command, WrongWordsNameTheNearestRightOne) {
  expect_refused({"trian"}, 2, "did you mean train?");
  expect_refused({"train", "classify", "--epoch", "3"}, 2, "did you mean --epochs?");
  expect_refused({"train", "classify", "epohcs=3"}, 2, "did you mean epochs?");
  expect_refused({"train", "classfy"}, 2, "did you mean classify?");
  expect_refused({"train", "classify", "--model", "resnet19"}, 2, "did you mean resnet18?");
  expect_refused({"train", "classify", "--epochs", "many"}, 2, "epochs: expected a whole number");
  expect_refused({"train", "classify", "--device", "cuda"}, 5, "cuda");
}

TEST_F(Command, ConfigurationFilesAreCheckedByLine) {
  write_file_atomic(root_ / "c.toml", "epochs = 3\nmomentun = 0.9\n");
  expect_refused({"train", "classify", "--config", "c.toml"}, 2, "c.toml, line 2");
  write_file_atomic(root_ / "c.toml", "epochs = = 3\n");
  expect_refused({"train", "classify", "--config", "c.toml"}, 2, "line 1");
}

TEST_F(Command, DataThatCannotServeAreRefusedWithAdvice) {
  expect_refused({"train", "classify", "--data", "nowhere"}, 4, "nowhere");
  make_folder(root_ / "empty");
  expect_refused({"train", "classify", "--data", "empty"}, 3, "empty");
  write_image_folder(*make_orchard({.classes = 2, .size = 32, .train = 4}, OrchardSplit::train),
                     root_ / "two");
  for (const auto& entry : fs::directory_iterator(root_ / "two")) {
    fs::remove_all(entry.path());
    break;
  }
  expect_refused({"train", "classify", "--data", "two"}, 3, "class");
  write_file_atomic(root_ / "idx/train-images-idx3-ubyte",
                    std::string("\0\0\x0d\x03xxxxxxxxxxxx", 16));
  write_file_atomic(root_ / "idx/train-labels-idx1-ubyte", std::string("\0\0\x08\x01xxxx", 8));
  Outcome outcome = run({"train", "classify", "--data", "idx"});
  EXPECT_TRUE(outcome.code == 4 || outcome.code == 3) << outcome.err;
  EXPECT_NE(outcome.err.find("train-"), std::string::npos) << outcome.err;
}

TEST_F(Command, ARunIsTrainedScoredExportedPredictedAndReported) {
  std::vector<std::string> words = train_words("run");
  words.push_back("--json");
  Outcome trained = run(words);
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(last_json(trained)["epochs"], 2);

  Outcome scored = run({"eval", "run", "--json", "--quiet"});
  ASSERT_EQ(scored.code, 0) << scored.err;
  double accuracy = last_json(scored)["accuracy"];
  EXPECT_EQ(last_json(scored)["images"], 80);

  Outcome exported = run({"export", "run", "--json", "--quiet"});
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_LE(last_json(exported)["onnx_max_abs_diff"].get<double>(), 1e-4);
  Outcome again = run({"eval", "run/model.onnx", "--json", "--quiet"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(last_json(again)["accuracy"].get<double>(), accuracy);

  ASSERT_EQ(run({"data", "orchard", "--out", "pictures", "--size", "32", "--train", "8", "--val",
                 "8", "--test", "8", "--quiet"})
                .code,
            0);
  write_file_atomic(root_ / "pictures/test/broken.jpg", "not a picture");
  for (const char* model : {"run", "run/model.onnx"}) {
    Outcome predicted = run({"predict", model, "pictures/test", "--json", "--quiet"});
    ASSERT_EQ(predicted.code, 0) << predicted.err;
    EXPECT_EQ(last_json(predicted)["predictions"].size(), 8u);
  }
  expect_refused({"predict", "run", "pictures/test/broken.jpg", "--quiet"}, 3, "");

  for (const char* file :
       {"config.toml", "config.json", "model.safetensors", "model.onnx", "last.ckpt",
        "metrics.jsonl", "summary.json", "eval-test.json", "export.json", "report.html"})
    EXPECT_TRUE(fs::exists(root_ / "run" / file)) << file;
  expect_refused(train_words("run"), 2, "--resume");
}

TEST_F(Command, EvidenceIsMeasuredWhereMasksAreKnown) {
  std::vector<std::string> words = train_words("twins");
  words[3] = "orchard:twins,classes=4,size=32,train=40,val=8,test=48";
  ASSERT_EQ(run(words).code, 0);
  nlohmann::json scored = last_json(run({"eval", "twins", "--json", "--quiet"}));
  for (const char* place : {"object", "part"}) {
    const nlohmann::json& mean = scored.at("evidence").at(place);
    EXPECT_GT(mean["pictures"], 24) << place;
    EXPECT_GT(mean["share"], 0) << place;
    EXPECT_LT(mean["low"], mean["share"]) << place;
    EXPECT_GT(mean["high"], mean["share"]) << place;
  }
  EXPECT_LT(scored["evidence"]["part"]["even"], scored["evidence"]["object"]["even"]);
  nlohmann::json record = nlohmann::json::parse(read_file(root_ / "twins/eval-test.json"));
  ASSERT_EQ(record["looks"].size(), 12u);
  std::map<std::string, int> shown;
  for (const nlohmann::json& look : record["looks"]) {
    ++shown[look["truth"]];
    EXPECT_EQ(look["evidence_for"], look["truth"]);
    EXPECT_TRUE(fs::exists(root_ / "twins" / look["evidence"].get<std::string>()));
  }
  EXPECT_EQ(shown.size(), 4u);
  EXPECT_EQ(shown.begin()->second, 3);
  ASSERT_FALSE(record["pairs"].empty());
  const nlohmann::json& pair = record["pairs"][0];
  EXPECT_EQ(pair["mistaken"]["predicted"], pair["taken_for"]);
  EXPECT_EQ(pair["mistaken"]["truth"], pair["truth"]);
  if (pair.contains("right")) {
    EXPECT_EQ(pair["right"]["truth"], pair["taken_for"]);
  }

  // Photographs with masks in another folder: the left half, then the right half of each.
  ASSERT_EQ(run({"data", "orchard", "--out", "pictures", "--size", "32", "--train", "40", "--val",
                 "8", "--test", "16", "--quiet"})
                .code,
            0);
  words = train_words("photos");
  words[3] = "pictures";
  ASSERT_EQ(run(words).code, 0);
  EXPECT_FALSE(last_json(run({"eval", "photos", "--json", "--quiet"})).contains("evidence"));
  std::vector<std::string> looks;
  for (const auto& look :
       nlohmann::json::parse(read_file(root_ / "photos/eval-test.json"))["looks"])
    looks.push_back(look["id"]);
  double sum = 0;
  for (int half : {0, 1}) {
    const fs::path masks = root_ / (half == 0 ? "left" : "right");
    bool first = true;
    for (const FolderListing::Class& one : list_pictures(root_ / "pictures/test").classes)
      for (const std::string& file : one.files) {
        if (std::exchange(first, false)) continue;  // one is missing
        Image mask(64, 64, 1);
        for (int y = 0; y < 64; ++y) std::fill_n(mask.row(y) + 32 * half, 32, uint8_t{255});
        make_folder((masks / file).parent_path());
        write_png(masks / fs::path(file).replace_extension(".png"), mask);
      }
    scored = last_json(
        run({"eval", "photos", "--masks", masks.filename().string(), "--json", "--quiet"}));
    EXPECT_EQ(scored["images"], 16) << "a picture without its mask is still scored";
    const nlohmann::json& evidence = scored.at("evidence");
    ASSERT_EQ(evidence["failures"].size(), 1u);
    EXPECT_NE(evidence["failures"][0]["reason"].get<std::string>().find("has no mask"),
              std::string::npos);
    EXPECT_NEAR(evidence["object"]["even"].get<double>(), 0.5, 0.02);
    EXPECT_FALSE(evidence.contains("part"));
    sum += evidence["object"]["share"].get<double>();
  }
  EXPECT_NEAR(sum, 1, 0.02);
  for (const auto& look :
       nlohmann::json::parse(read_file(root_ / "photos/eval-test.json"))["looks"])
    EXPECT_NE(std::find(looks.begin(), looks.end(), look["id"]), looks.end());
  expect_refused({"eval", "photos", "--masks", "nowhere", "--quiet"}, 4, "nowhere");

  ASSERT_EQ(run({"report", "twins", "twins", "--out", "both.html"}).code, 0);
  EXPECT_NE(read_file(root_ / "both.html").find("Where they look"), std::string::npos);
}

TEST_F(Command, SpeedIsMeasuredOfNamesAndOfExportedFiles) {
  Outcome exported = run({"export", "resnet20", "--size", "24", "--classes", "7", "--json"});
  ASSERT_EQ(exported.code, 0) << exported.err;
  EXPECT_EQ(last_json(exported)["onnx"], "resnet20.onnx");
  expect_refused({"export", "resnet02"}, 4, "resnet02");

  auto measure = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "bench");
    for (const char* more : {"--batch", "4", "--seconds", "0.01", "--repeats", "3", "--json"})
      words.push_back(more);
    Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    nlohmann::json record = last_json(outcome);
    EXPECT_GT(record["images_per_second"].get<double>(), 0);
    EXPECT_LE(record["lowest"].get<double>(), record["images_per_second"].get<double>());
    EXPECT_GE(record["highest"].get<double>(), record["images_per_second"].get<double>());
    EXPECT_GE(record["calls"].get<int64_t>(), 3);
    EXPECT_GT(record["peak_mib"].get<double>(), record["grown_mib"].get<double>());
    EXPECT_EQ(record["batch"], 4);
    EXPECT_NE(record["machine"].get<std::string>(), "");
    return record;
  };
  EXPECT_EQ(measure({"infer", "--model", "resnet20.onnx", "--threads", "1"})["size"], 24);
  EXPECT_EQ(measure({"infer", "--model", "resnet20", "--precision", "bf16"})["size"], 32);
  EXPECT_EQ(measure({"train", "--model", "resnet20", "--size", "16"})["size"], 16);
  nlohmann::json loaded =
      measure({"data", "--data", "orchard:species,size=32,train=40", "--size", "24"});
  EXPECT_EQ(loaded["images"], 40);
  EXPECT_EQ(loaded["failures"], 0);

  expect_refused({"bench", "infre"}, 2, "did you mean infer?");
  expect_refused({"bench", "infer", "--model", "resnet19"}, 2, "did you mean resnet18?");
  expect_refused({"bench", "infer", "--model", "nothing.onnx"}, 4, "nothing.onnx");
  expect_refused({"bench", "infer", "--precision", "fp16"}, 2, "precision");
  expect_refused({"bench", "data", "--data", "nowhere"}, 4, "nowhere");
}

// The first number, and with --probe the only one; what it leaves is an ordinary model.
TEST_F(Command, ALinearProbeIsAModelLikeAnyOther) {
  std::vector<std::string> words = train_words("probe");
  words.pop_back();  // not quiet
  words.insert(words.end(), {"--probe", "--json"});
  Outcome probed = run(words);
  ASSERT_EQ(probed.code, 0) << probed.err;
  EXPECT_NE(probed.err.find("linear probe: validation accuracy 0."), std::string::npos)
      << probed.err;
  EXPECT_EQ(last_json(probed)["epochs"], 0);
  nlohmann::json summary = nlohmann::json::parse(read_file(root_ / "probe/summary.json"));
  double accuracy = last_json(probed)["validation"]["accuracy"]["value"];
  EXPECT_EQ(summary["probe"]["scores"]["accuracy"]["value"], accuracy);
  EXPECT_EQ(summary["probe"]["images"], 200);
  EXPECT_NE(read_file(root_ / "probe/report.html").find("Linear probe, validation accuracy"),
            std::string::npos);

  Outcome scored = run({"eval", "probe", "--split", "val", "--json", "--quiet"});
  ASSERT_EQ(scored.code, 0) << scored.err;
  EXPECT_NEAR(last_json(scored)["accuracy"].get<double>(), accuracy, 1e-6);
  EXPECT_EQ(last_json(scored)["tta"], "none");
  Outcome exported = run({"export", "probe", "--json", "--quiet"});
  ASSERT_EQ(exported.code, 0) << exported.err;

  // Seen twice, by the module and by the exported file.
  Outcome twice = run({"eval", "probe", "--split", "val", "--tta", "flip", "--json", "--quiet"});
  ASSERT_EQ(twice.code, 0) << twice.err;
  EXPECT_EQ(last_json(twice)["tta"], "flip");
  EXPECT_NE(last_json(twice)["calibration_error"], last_json(scored)["calibration_error"]);
  Outcome onnx =
      run({"eval", "probe/model.onnx", "--split", "val", "--tta", "flip", "--json", "--quiet"});
  ASSERT_EQ(onnx.code, 0) << onnx.err;
  EXPECT_NEAR(last_json(onnx)["accuracy"].get<double>(), last_json(twice)["accuracy"].get<double>(),
              1e-6);
  EXPECT_EQ(nlohmann::json::parse(read_file(root_ / "probe/eval-val.json"))["tta"], "flip");
  EXPECT_NE(read_file(root_ / "probe/report.html").find("each looked at with its mirror image"),
            std::string::npos);
  expect_refused({"eval", "probe", "--tta", "flop"}, 2, "flip");
}

TEST_F(Command, AKilledRunGoesOnToTheBit) {
  expect_resumed_to_the_bit({});
}

TEST_F(Command, AKilledRunGoesOnToTheBitWithRatesFrozenNormsAndBalance) {
  expect_resumed_to_the_bit(
      {"--head-rate", "10", "--layer-decay", "0.75", "--norms", "frozen", "--balance"});
}

// Blending draws from a stream of its own for each batch.
TEST_F(Command, AKilledRunGoesOnToTheBitWithMixupAndCutmix) {
  expect_resumed_to_the_bit({"--mixup", "0.4", "--cutmix", "1"});
}

TEST_F(Command, AKilledRunGoesOnToTheBitWithDestroyedCopies) {
  expect_resumed_to_the_bit({"--method", "dcl", "--dcl-grid", "4"});
}

TEST_F(Command, MethodsThatDoNotFitAreRefused) {
  auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = train_words("none");
    more.push_back("--force");
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  expect_refused(with({"--method", "dlc"}), 2, "dcl");
  expect_refused(with({"--method", "dcl", "--dcl-grid", "9"}), 2, "8 x 8 places");
  expect_refused(with({"--method", "pmg", "--pmg-grids", "4,2"}), 2, "3 stages");
  expect_refused(with({"--method", "dcl", "--model", "vit_small"}), 5, "feature maps");
}

TEST_F(Command, DestructionIsDrawn) {
  Outcome outcome = run({"data", "destruct", "orchard:twins,size=48,train=20", "--grid", "3",
                         "--pictures", "2", "--cell", "48", "--out", "d.png"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  Image sheet = read_png(root_ / "d.png");
  EXPECT_GE(sheet.width, 5 * 48);  // the picture, reaches 1 and 2, two as published
  EXPECT_GE(sheet.height, 2 * 48);
  expect_refused({"data", "destruct", "orchard", "--grid", "3", "--reaches", "3"}, 2, "reach");
}

TEST_F(Command, AnExperimentGoesOnWhereItStopped) {
  const std::vector<std::string> words = {
      "lab",        "dcl",
      "--data",     "orchard:twins,classes=2,size=32,train=16,val=4,test=8",
      "--size",     "32",
      "--epochs",   "4",
      "--batch",    "8",
      "--dcl-grid", "4",
      "--model",    "resnet20",
      "--pretrain", "",
      "--ways",     "plain,destruction",
      "--splits",   "1",
      "--seeds",    "2",
      "--out",      "lab",
      "--threads",  "1",
      "--json",     "--quiet"};
  Outcome outcome = run(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["runs"], 4);
  const std::string lines = read_file(root_ / "lab/results.csv");
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_file(root_ / "lab/results.csv"), lines);
  expect_refused({"lab", "dlc"}, 2, "did you mean dcl?");
}

TEST_F(Command, AugmentationIsDrawn) {
  std::vector<std::string> words = {"data",        "augment", "orchard:species,size=32,train=20",
                                    "--out",       "a.png",   "--pictures",
                                    "3",           "--draws", "4",
                                    "--cell",      "40",      "--policy",
                                    "randaugment", "--mixup", "0.4",
                                    "--json"};
  Outcome outcome = run(words);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["sheet"], "a.png");
  Image sheet = read_png(root_ / "a.png");
  EXPECT_GE(sheet.width, 5 * 40);
  EXPECT_GE(sheet.height, 3 * 40);
  std::string first = read_file(root_ / "a.png");
  ASSERT_EQ(run(words).code, 0);
  EXPECT_EQ(read_file(root_ / "a.png"), first);
  words.insert(words.end(), {"--seed", "2"});
  ASSERT_EQ(run(words).code, 0);
  EXPECT_NE(read_file(root_ / "a.png"), first);
  expect_refused({"data", "augment", "nowhere"}, 4, "nowhere");
  expect_refused({"data", "augment", "orchard", "--policy", "randaugmnet"}, 2, "randaugment");
}

TEST_F(Command, WeightsGoOutAndIn) {
  ASSERT_EQ(run(train_words("a")).code, 0);
  Outcome out = run({"convert", "a", "a.pth", "--json", "--quiet"});
  ASSERT_EQ(out.code, 0) << out.err;
  EXPECT_EQ(last_json(out).at("model"), "resnet20");
  ASSERT_EQ(run({"convert", "a.pth", "b", "--quiet"}).code, 0);
  EXPECT_EQ(Safetensors::read(root_ / "a/model.safetensors").find("conv1.weight")->bytes,
            Safetensors::read(root_ / "b/model.safetensors").find("conv1.weight")->bytes);

  std::vector<std::string> words = train_words("c");
  words.insert(words.end(), {"--weights", "a.pth", "--std", "0.3,0.3,0.3"});
  Outcome trained = run(words);
  ASSERT_EQ(trained.code, 0) << trained.err;
  auto record = nlohmann::json::parse(read_file(root_ / "c/weights.json"));
  EXPECT_EQ(record.at("loaded"), record.at("lines").size());
  EXPECT_EQ(record.at("form"), "PyTorch");
  auto config = nlohmann::json::parse(read_file(root_ / "c/config.json"));
  EXPECT_EQ(config.at("pretrained_cfg").at("mean").at(0), 0.485);
  EXPECT_EQ(config.at("pretrained_cfg").at("std").at(0), 0.3);
  // What the weights said stands in the run: it goes on without them.
  fs::remove(root_ / "a.pth");
  EXPECT_EQ(run({"train", "classify", "--out", "c", "--resume", "--quiet"}).code, 0);

  expect_refused({"predict", "b.pth", "."}, 4, "b.pth: no such file");
  ASSERT_EQ(run({"convert", "b", "b.pth", "--quiet"}).code, 0);
  expect_refused({"predict", "b.pth", "."}, 2,
                 "`espalier convert b.pth FOLDER` makes a model of it");
  expect_refused({"convert", "b", "b.onnx"}, 2, "OUT is a .pth, .pt, .th or .safetensors");
  expect_refused({"convert", "b", "d", "--model", "resnet18"}, 2, "fits best: resnet20");
  expect_refused({"train", "classify", "--weights", "none.pth", "--quiet"}, 4, "none.pth");
  expect_refused({"train", "classify", "--mean", "0.5", "--quiet"}, 2,
                 "1 numbers for pictures of 3");
}

TEST_F(Command, DamagedModelsAreRefusedByName) {
  ASSERT_EQ(run(train_words("run")).code, 0);
  std::string weights = read_file(root_ / "run/model.safetensors");
  write_file_atomic(root_ / "cut.safetensors", weights.substr(0, weights.size() / 2));
  expect_refused({"eval", "cut.safetensors", "--data", "orchard"}, 4, "cut.safetensors");
  // Four bytes of a weight become a NaN.
  std::string poisoned = weights;
  for (size_t i = poisoned.size() - 400; i < poisoned.size() - 396; ++i) poisoned[i] = '\xff';
  write_file_atomic(root_ / "flipped.safetensors", poisoned);
  expect_refused({"eval", "flipped.safetensors", "--data", "orchard"}, 4, "checksum");
  // As a program that knows no checksum would write it.
  poisoned.replace(poisoned.find("\"crc32\""), 7, "\"other\"");
  write_file_atomic(root_ / "nan.safetensors", poisoned);
  expect_refused({"eval", "nan.safetensors", "--data", "orchard"}, 3, "NaN");
  write_file_atomic(root_ / "torn.onnx", "\x08\x08\x12");
  expect_refused({"eval", "torn.onnx", "--data", "orchard"}, 4, "torn.onnx");
  expect_refused({"eval", "nothing", "--data", "orchard"}, 4, "nothing");
}

TEST_F(Command, ADataSetIsCheckedAndATableRead) {
  ASSERT_EQ(run({"data", "orchard", "--out", "pictures", "--size", "32", "--classes", "2",
                 "--train", "40", "--val", "8", "--test", "8", "--quiet"})
                .code,
            0);
  Outcome outcome = run({"data", "check", "pictures", "--out", "page.html", "--json", "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["pictures"], 56);
  EXPECT_TRUE(fs::exists(root_ / "page.html"));
  std::string table = "path,label\n";
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "pictures/train"))
    if (entry.is_regular_file())
      table += fmt::format("{},{}\n", fs::relative(entry.path(), root_).string(),
                           entry.path().parent_path().filename().string());
  write_file_atomic(root_ / "labels.csv", table);
  outcome = run({"train", "classify", "--data", "labels.csv", "--epochs", "1", "--batch", "8",
                 "--size", "32", "--out", "run", "--json", "--quiet"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(run({"eval", "run", "--json", "--quiet"}).code, 0);
  write_file_atomic(root_ / "labels.csv", table + "gone.jpg\n");
  expect_refused({"train", "classify", "--data", "labels.csv"}, 4, "labels.csv: line 42: 1 cells");
  fs::path one;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "pictures/train"))
    if (entry.path().extension() == ".png") one = entry.path();
  fs::copy_file(one, root_ / "pictures/test" / one.parent_path().filename() / "copy.png");
  outcome = run({"data", "check", "pictures", "--quiet"});
  EXPECT_EQ(outcome.code, 3) << outcome.out;
  EXPECT_NE(outcome.out.find("1 picture outside of train has a copy in train"), std::string::npos)
      << outcome.out;
}

TEST_F(Command, ABrokenPictureIsNamedInTheReportAndSkipped) {
  ASSERT_EQ(run({"data", "orchard", "--out", "pictures", "--size", "32", "--classes", "2",
                 "--train", "40", "--val", "8", "--test", "8", "--quiet"})
                .code,
            0);
  fs::path victim;
  for (const auto& entry : fs::recursive_directory_iterator(root_ / "pictures/train"))
    if (entry.is_regular_file()) victim = entry.path();
  write_file_atomic(victim, read_file(victim).substr(0, 300));
  Outcome outcome = run({"train", "classify", "--data", "pictures", "--epochs", "1", "--batch", "8",
                         "--out", "run", "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(last_json(outcome)["failures"], 1);
  EXPECT_NE(read_file(root_ / "run/report.html").find(victim.filename().string()),
            std::string::npos);
}

}  // namespace
}  // namespace espalier
