#include "espalier/models/model_file.h"

#include <cstdlib>
#include <limits>

#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/models/table.h"
#include "espalier/tensor/runtime.h"

#include "tests/expect_error.h"
#include "tests/models/fill.h"

namespace espalier {
namespace {

using nlohmann::json;

ModelMeta meta_of(int64_t channels, std::vector<std::string> names) {
  ModelMeta meta;
  meta.class_names = std::move(names);
  for (int64_t i = 0; i < channels; ++i) {
    meta.mean.push_back(0.4 + 0.05 * static_cast<double>(i));
    meta.std.push_back(0.2);
  }
  meta.input_size = 32;
  return meta;
}

class ModelFile : public testing::Test {
 protected:
  void SetUp() override {
    folder = fs::path(testing::TempDir()) /
             testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(folder);
    net = make_model("resnet20", {{"classes", 3}, {"width", 4}, {"blocks", 1}});
    fill_module(*net);
    net->eval();
    meta = meta_of(3, {"ash", "birch", "cedar"});
    meta.crop_share = 0.9;
    save_model(folder, *net, meta);
  }
  void TearDown() override { fs::remove_all(folder); }

  // Writes `tensors` and `config` in place of the saved ones; the metadata of ours only if `own`.
  void rewrite(const NamedTensors& tensors, const json& config, bool own = true) {
    std::map<std::string, std::string> metadata = {{"format", "pt"}};
    if (own) metadata["espalier"] = config.dump();
    save_tensors(folder / "model.safetensors", tensors, metadata);
    write_file_atomic(folder / "config.json", config.dump());
  }
  json config() const { return json::parse(read_file(folder / "config.json")); }
  NamedTensors copied_state() const {
    NamedTensors state;
    for (const auto& [name, tensor] : module_state(*net))
      state.emplace_back(name, tensor.detach().clone());
    return state;
  }

  template <class... Words>
  void expect_refused(Kind kind, const Words&... words) {
    expect_error([&] { load_model(folder); }, kind, words...);
  }

  fs::path folder;
  ImageModelPtr net;
  ModelMeta meta;
};

TEST_F(ModelFile, LoadingDrawsNoRandomWeights) {
  at::Tensor before = generator_state();
  load_model(folder);
  EXPECT_TRUE(at::equal(generator_state(), before));
}

TEST_F(ModelFile, BringsBackWhatWasKnown) {
  LoadedModel loaded = load_model(folder, "classify");
  EXPECT_EQ(loaded.meta.class_names, meta.class_names);
  EXPECT_EQ(loaded.meta.mean, meta.mean);
  EXPECT_EQ(loaded.meta.std, meta.std);
  EXPECT_EQ(loaded.meta.input_size, 32);
  EXPECT_EQ(loaded.meta.resize, "squash");
  EXPECT_EQ(loaded.meta.crop_share, 0.9);
  EXPECT_EQ(loaded.net->arguments, net->arguments);
}

TEST_F(ModelFile, WeightsFileAloneIsEnough) {
  fs::path alone = folder / "elsewhere" / "w.safetensors";
  fs::create_directories(alone.parent_path());
  fs::copy_file(folder / "model.safetensors", alone);
  torch::NoGradGuard no_grad;
  torch::Tensor x = input_images({1, 3, 32, 32});
  EXPECT_TRUE(torch::equal(load_model(alone).net->forward(x), net->forward(x)));
}

TEST_F(ModelFile, ConfigIsInTimmsLayout) {
  json written = config();
  EXPECT_EQ(written.at("architecture"), "resnet20");
  EXPECT_EQ(written.at("num_classes"), 3);
  EXPECT_EQ(written.at("num_features"), 16);
  EXPECT_EQ(written.at("label_names"), (json{"ash", "birch", "cedar"}));
  EXPECT_EQ(written.at("pretrained_cfg").at("input_size"), (json{3, 32, 32}));
  EXPECT_EQ(written.at("pretrained_cfg").at("first_conv"), "conv1");
  EXPECT_EQ(written.at("pretrained_cfg").at("classifier"), "linear");
  EXPECT_EQ(written.at("pretrained_cfg").at("crop_mode"), "squash");
}

TEST_F(ModelFile, FolderWithoutOurMetadataLoadsFromItsConfig) {
  net = make_model("resnet20", {{"classes", 3}, {"in_channels", 1}});
  fill_module(*net);
  net->eval();
  json plain = config();
  plain.erase("espalier");
  plain["pretrained_cfg"]["input_size"] = {1, 28, 28};
  plain["pretrained_cfg"]["mean"] = {0.5};
  plain["pretrained_cfg"]["std"] = {0.25};
  NamedTensors state;  // as files older than num_batches_tracked have it, in half precision
  for (const auto& [name, tensor] : copied_state())
    if (!name.ends_with("num_batches_tracked"))
      state.emplace_back(name, tensor.to(torch::kBFloat16));
  rewrite(state, plain, /*own=*/false);
  LoadedModel loaded = load_model(folder, "classify");
  EXPECT_EQ(loaded.net->arguments.at("in_channels"), 1);
  EXPECT_EQ(loaded.meta.input_size, 28);
  torch::NoGradGuard no_grad;
  torch::Tensor x = input_images({1, 1, 28, 28});
  torch::Tensor ours = net->forward(x);
  EXPECT_LT((loaded.net->forward(x) - ours).abs().max().item<double>(),
            0.05 * ours.abs().max().item<double>());
}

TEST_F(ModelFile, NamesMissingUnexpectedAndMisshapenTensors) {
  NamedTensors state = copied_state();
  NamedTensors less(state.begin() + 1, state.end());
  rewrite(less, config());
  expect_refused(Kind::format, "missing", "conv1.weight", "model.safetensors");

  NamedTensors more = state;
  more.emplace_back("fc.weight", torch::zeros({2, 2}));
  rewrite(more, config());
  expect_refused(Kind::format, "unexpected", "fc.weight");

  NamedTensors reshaped = state;
  reshaped[0].second = torch::zeros({4, 3, 1, 1});
  rewrite(reshaped, config());
  expect_refused(Kind::format, "conv1.weight", "[4, 3, 1, 1]", "[4, 3, 3, 3]");

  NamedTensors whole = state;
  whole[0].second = whole[0].second.to(torch::kInt);
  rewrite(whole, config());
  expect_refused(Kind::format, "conv1.weight", "I32");
}

TEST_F(ModelFile, RefusesWeightsThatAreNotNumbers) {
  for (double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    NamedTensors state = copied_state();
    for (auto& [name, tensor] : state)
      if (name == "layer2.0.bn1.running_var") tensor[1] = bad;
    rewrite(state, config());
    expect_refused(Kind::data, "layer2.0.bn1.running_var", "NaN");
  }
}

TEST_F(ModelFile, RefusesToSaveWeightsThatAreNotNumbers) {
  torch::NoGradGuard no_grad;
  net->named_parameters()["linear.bias"][0] = std::numeric_limits<double>::quiet_NaN();
  std::string before = read_file(folder / "model.safetensors");
  expect_error([&] { save_model(folder, *net, meta); }, Kind::data, "linear.bias");
  EXPECT_EQ(read_file(folder / "model.safetensors"), before);
}

TEST_F(ModelFile, RefusesANetThatNoFileCouldRebuild) {
  net->name = "";
  EXPECT_THROW(save_model(folder, *net, meta), Error);
}

TEST_F(ModelFile, RefusesAnUnknownArchitectureAndAnotherTask) {
  json changed = config();
  changed["architecture"] = "resnet21";
  rewrite(copied_state(), changed);
  expect_refused(Kind::unsupported, "resnet21", "did you mean resnet2");

  changed = config();
  changed["architecture"] = "resnet20";
  changed["espalier"]["task"] = "detect";
  rewrite(copied_state(), changed);
  expect_error([&] { load_model(folder, "classify"); }, Kind::usage, "detect", "classify");
  EXPECT_EQ(load_model(folder).meta.task, "detect");
}

TEST_F(ModelFile, RefusesSettingsThatDoNotFit) {
  const json good = config();
  auto with = [&](const std::string& pointer, const json& value) {
    json changed = good;
    changed[json::json_pointer(pointer)] = value;
    rewrite(copied_state(), changed);
  };
  with("/espalier/arguments/clases", 3);
  expect_refused(Kind::format, "clases", "did you mean classes");
  with("/espalier/arguments/blocks", "many");
  expect_refused(Kind::format, "blocks");
  with("/label_names", {"a", "b"});
  expect_refused(Kind::format, "2 class names for 3 outputs");
  with("/pretrained_cfg/std", {0.2, 0.0, 0.2});
  expect_refused(Kind::format, "std 0", "channel 1");
  with("/pretrained_cfg/mean", {0.2});
  expect_refused(Kind::format, "mean");
  with("/pretrained_cfg/input_size", {3, -5, 8});
  expect_refused(Kind::format, "-5");
  with("/pretrained_cfg/input_size", "big");
  expect_refused(Kind::format);
  with("/pretrained_cfg/crop_mode", "spiral");
  expect_refused(Kind::unsupported, "spiral");
  with("/architecture", 7);
  expect_refused(Kind::format);
}

// A file of kilobytes that asks for a network of hundreds of gigabytes, or of a million layers.
TEST_F(ModelFile, ClaimsBeyondTheFilesBytesAreRefusedBeforeMemoryIsTouched) {
  for (const char* text :
       {R"({"classes": 3, "width": 4096, "blocks": 400})", R"({"classes": 1000000, "width": 4096})",
        R"({"classes": 3, "width": 1, "blocks": 100000000})"}) {
    json changed = config();
    changed["espalier"]["arguments"] = json::parse(text);
    rewrite(copied_state(), changed);
    expect_refused(Kind::format, "model.safetensors");
  }
  // And this thread may allocate again.
  EXPECT_EQ(torch::zeros({64 << 20}).numel(), 64 << 20);
}

TEST_F(ModelFile, SaysWhatIsNotThere) {
  fs::remove(folder / "model.safetensors");
  expect_refused(Kind::io, folder.string(), "model.safetensors");
  fs::remove_all(folder);
  expect_refused(Kind::io, folder.string());
  fs::create_directories(folder);
  save_tensors(folder / "model.safetensors", copied_state(), {{"format", "pt"}});
  expect_refused(Kind::io, "config.json");
  write_file_atomic(folder / "config.json", "{\"architecture\": ");
  expect_refused(Kind::format, "config.json");
}

TEST_F(ModelFile, DamagedBytesGiveAnErrorOrANet) {
  const std::string good = read_file(folder / "model.safetensors");
  Random random(99);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    // Mostly in the header, where the structure is.
    size_t range = round % 4 == 0 ? bad.size() : std::min<size_t>(bad.size(), 6000);
    for (int64_t i = random.below(3); i >= 0; --i)
      bad[static_cast<size_t>(random.below(static_cast<int64_t>(range)))] =
          static_cast<char>(random.below(256));
    write_file_atomic(folder / "model.safetensors", bad);
    try {
      load_model(folder);
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), Kind::internal) << error.what();
    }
  }
}

// Not a test of its own: tests/models/*_peer_test.py runs it to get files of ours, or to have files
// of theirs read.
TEST(PeerFiles, WriteOrRead) {
  const char* place = std::getenv("ESPALIER_PEER_FOLDER");
  if (!place)
    GTEST_SKIP() << "only for the Python programs beside this file (ESPALIER_PEER_FOLDER)";
  torch::NoGradGuard no_grad;
  fs::path folder(place);
  if (!fs::exists(folder / "model.safetensors")) {
    const char* name = std::getenv("ESPALIER_PEER_MODEL");
    ImageModelPtr net = make_model(name, {{"classes", 3}});
    fill_module(*net);
    save_model(folder, *net, meta_of(3, {"ash", "birch", "cedar"}));
  }
  LoadedModel loaded = load_model(folder);
  torch::Tensor logits =
      loaded.net->forward(input_images({2, 3, 64, 64})).to(torch::kDouble).contiguous();
  std::vector<double> values(logits.data_ptr<double>(), logits.data_ptr<double>() + logits.numel());
  write_file_atomic(folder / "logits.json", json(values).dump());
}

}  // namespace
}  // namespace espalier
