// Weights and models that come from outside.
#include "espalier/format/safetensors.h"

#include "tests/app/command_fixture.h"

namespace espalier {
namespace {

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
  expect_refused({"train", "classify", "--out", "c", "--resume", "--weights", "b", "--quiet"}, 2,
                 "c began from a.pth");

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

}  // namespace
}  // namespace espalier
