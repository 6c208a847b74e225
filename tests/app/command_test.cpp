// What the binary prints, what it refuses and with which exit code.
#include <map>

#include "espalier/data/image_folder.h"
#include "espalier/format/png.h"

#include "tests/app/command_fixture.h"

namespace espalier {
namespace {

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
  for (const char* score : {"auc", "average_precision", "mcc", "kappa", "brier"})
    EXPECT_TRUE(last_json(scored).contains(score)) << score;

  // What eval kept of the run against the exported file asked anew.
  Outcome compared = run({"compare", "run", "run/model.onnx", "--json", "--quiet"});
  ASSERT_EQ(compared.code, 0) << compared.err;
  EXPECT_EQ(last_json(compared)["samples"], 80);
  EXPECT_EQ(last_json(compared)["scores"]["accuracy"]["first"], accuracy);
  EXPECT_EQ(last_json(compared)["mcnemar"]["first_only"], 0);
  EXPECT_TRUE(last_json(compared)["winner"].is_null());
  expect_refused({"compare", "run", "run/last", "--quiet"}, 2, "name --data");
  expect_refused({"compare", "run", "run/model.onnx", "--split", "val", "--data", "nowhere"}, 4,
                 "nowhere");

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

  for (const char* file : {"config.toml", "config.json", "model.safetensors", "model.onnx",
                           "last.ckpt", "metrics.jsonl", "summary.json", "eval-test.json",
                           "eval-test.csv", "export.json", "report.html"})
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

}  // namespace
}  // namespace espalier
