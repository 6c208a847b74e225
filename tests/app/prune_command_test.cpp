// espalier prune as a user meets it: a run becomes a smaller run that every other verb takes.
#include <algorithm>
#include <thread>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"

#include "tests/program.h"

namespace espalier {
namespace {

class Prune : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    program_ = new Program("prune");
    Outcome trained = program_->run({"train", "classify", "--data",
                                     "orchard:species,size=32,train=200,val=60,test=80", "--out",
                                     "whole", "--epochs", "2", "--batch", "20", "--threads", "1",
                                     "--precision", "fp32", "--quiet"});
    ASSERT_EQ(trained.code, 0) << trained.err;
  }
  static void TearDownTestSuite() {
    delete program_;
    program_ = nullptr;
  }

  Outcome run(const std::vector<std::string>& words) { return program_->run(words); }
  nlohmann::json last_json(const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::string text = outcome.out;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return nlohmann::json::parse(text.substr(text.rfind('\n') + 1));
  }
  void expect_refused(const std::vector<std::string>& words, int code, const std::string& part) {
    Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  static uint64_t bytes_of(const std::string& file) {
    return fs::file_size(program_->root() / file);
  }

  static Program* program_;
};
Program* Prune::program_ = nullptr;

TEST_F(Prune, LeavesARunThatEveryVerbTakes) {
  nlohmann::json result =
      last_json(run({"prune", "whole", "--to", "macs=0.5", "--method", "l1", "--epochs", "1",
                     "--distill", "--out", "half", "--json", "--quiet"}));
  EXPECT_LE(result["macs"].get<double>(), 0.5 * result["macs_before"].get<double>());
  EXPECT_GT(result["macs"].get<double>(), 0.4 * result["macs_before"].get<double>());
  EXPECT_LT(result["parameters"], result["parameters_before"]);
  EXPECT_EQ(result["bytes"].get<uint64_t>(), bytes_of("half/model.safetensors"));
  EXPECT_EQ(result["bytes_before"].get<uint64_t>(), bytes_of("whole/model.safetensors"));
  EXPECT_LT(result["bytes"], result["bytes_before"]);
  for (const char* key : {"latency_ms", "latency_ms_before", "accuracy", "accuracy_before"})
    EXPECT_GT(result[key].get<double>(), 0) << key;

  EXPECT_GT(last_json(run({"eval", "half", "--json", "--quiet"}))["accuracy"].get<double>(), 0);
  nlohmann::json exported = last_json(run({"export", "half", "--json", "--quiet"}));
  EXPECT_LT(exported["onnx_max_abs_diff"].get<double>(), 1e-3);
  EXPECT_LT(exported["bytes"], result["bytes_before"]);
  nlohmann::json int8 =
      last_json(run({"export", "half", "--int8", "--calibrate", "64", "--json", "--quiet"}));
  EXPECT_GT(int8["int8_layers"], 19);
  EXPECT_LT(int8["int8_bytes"].get<double>(), 0.6 * exported["bytes"].get<double>());
  EXPECT_EQ(int8["int8_bytes"].get<uint64_t>(), bytes_of("half/model-int8.onnx"));
  EXPECT_NEAR(int8["int8_accuracy"].get<double>(), int8["accuracy_float"].get<double>(), 0.1);
  EXPECT_EQ(run({"report", "half", "--quiet"}).code, 0);
  nlohmann::json record = nlohmann::json::parse(read_file(program_->root() / "half/prune.json"));
  EXPECT_EQ(record["method"], "l1");
  EXPECT_FALSE(record["widths"].empty());
  const size_t threads = std::min(2u, std::max(1u, std::thread::hardware_concurrency()));
  EXPECT_EQ(record["latencies"].size(), 2 * threads);  // 1 and 32 pictures
  EXPECT_EQ(record["accuracy_interval"].size(), 2u);

  // The same widths from fresh weights; and what was pruned can be pruned again.
  EXPECT_EQ(run({"train", "classify", "--data", "orchard:species,size=32,train=200,val=60,test=80",
                 "--model", "half", "--epochs", "1", "--batch", "20", "--out", "again", "--quiet"})
                .code,
            0);
  nlohmann::json quarter = last_json(run({"prune", "half", "--to", "macs=0.5", "--then", "nothing",
                                          "--int8", "--out", "quarter", "--json", "--quiet"}));
  EXPECT_GT(quarter["int8_latency_ms"].get<double>(), 0);
  nlohmann::json again =
      last_json(run({"eval", "quarter/model-int8.onnx", "--split", "val", "--json", "--quiet"}));
  EXPECT_EQ(again["accuracy"], quarter["int8_accuracy"]);  // in a process that knows the file alone
  EXPECT_EQ(quarter["macs_before"], result["macs"]);
  EXPECT_GT(last_json(run({"eval", "quarter", "--json", "--quiet"}))["accuracy"].get<double>(), 0);
}

TEST_F(Prune, SearchesWithEagleEyeFromAModelFileAlone) {
  nlohmann::json result =
      last_json(run({"prune",        "whole/model.safetensors",
                     "--data",       "orchard:species,size=32,train=200,val=60,test=80",
                     "--to",         "params=0.5,macs=0.6",
                     "--method",     "eagleeye",
                     "--candidates", "3",
                     "--images",     "64",
                     "--then",       "scratch",
                     "--epochs",     "1",
                     "--out",        "searched",
                     "--json",       "--quiet"}));
  EXPECT_LE(result["parameters"].get<double>(), 0.5 * result["parameters_before"].get<double>());
  nlohmann::json record =
      nlohmann::json::parse(read_file(program_->root() / "searched/prune.json"));
  EXPECT_EQ(record["searched"].size(), 3u);
}

TEST_F(Prune, RefusesWhatCannotBeAndWritesNothing) {
  expect_refused({"prune", "whole", "--to", "macs=0.5", "--method", "tailor", "--out", "no"}, 2,
                 "did you mean taylor?");
  expect_refused({"prune", "whole", "--to", "macs=0.0001", "--out", "no", "--quiet"}, 2,
                 "cannot be held");
  expect_refused({"prune", "whole", "--to", "speed=2", "--out", "no", "--quiet"}, 2, "macs");
  expect_refused({"prune", "whole", "--out", "no", "--quiet"}, 2, "--to");
  expect_refused({"prune", "whole", "--to", "macs=0.5", "--out", "whole", "--force"}, 2,
                 "the run itself");
  expect_refused({"prune", "none", "--to", "macs=0.5", "--out", "no", "--quiet"}, 4, "none");
  EXPECT_FALSE(fs::exists(program_->root() / "no/model.safetensors"));
  EXPECT_TRUE(fs::exists(program_->root() / "whole/model.safetensors"));
}

TEST_F(Prune, PrintsItsGroups) {
  Outcome outcome = run({"prune", "whole", "--groups"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("layer1.0.conv1: 16 channels\n  written by layer1.0.conv1\n"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(outcome.out.find("linear: "), std::string::npos);
}

}  // namespace
}  // namespace espalier
