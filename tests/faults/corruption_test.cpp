// Files with flipped bits and files that were cut: an error that names the place, or the right result, and memory in
// proportion to the file.
#include <fstream>

#include "espalier/core/progress.h"
#include "espalier/core/random.h"
#include "espalier/deploy/export.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/format/idx.h"
#include "espalier/format/jpeg.h"
#include "espalier/format/png.h"
#include "espalier/format/torch_file.h"
#include "espalier/models/model_file.h"
#include "espalier/models/table.h"
#include "espalier/report/report.h"
#include "espalier/tensor/runtime.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/checkpoint.h"
#include "espalier/train/classify_recipe.h"

#include "tests/data/scratch_folder.h"
#include "tests/faults/allocation.h"
#include "tests/faults/trials.h"
#include "tests/format/torch_bytes.h"

namespace espalier {
namespace {

// Reads the bytes (or the file of that name, which holds them); false when the result is not that of the whole file.
// Throws Error.
using Read = std::function<bool(const std::string& bytes, const fs::path& path)>;

enum class Damage { flips, cut };

std::string damaged(const std::string& bytes, Damage damage, Random& random) {
  auto size = static_cast<int64_t>(bytes.size());
  if (damage == Damage::cut) return bytes.substr(0, static_cast<size_t>(random.below(size)));
  std::string broken = bytes;
  for (int64_t flips = 1 + random.below(3); flips > 0; --flips)
    broken[static_cast<size_t>(random.below(size))] ^= static_cast<char>(1 << random.below(8));
  return broken;
}

class Corruption : public ::testing::Test {
 protected:
  void SetUp() override { set_quiet(true); }

  // `verified`: formats that can tell, so that an accepted file must be read as the whole one is. `most` bytes may be
  // allocated at one time for a file of this size.
  void try_all(const std::string& what,
               const std::string& name,
               const std::string& bytes,
               bool verified,
               const std::function<int64_t(int64_t size)>& most,
               const Read& read) {
    fs::path path = folder_.root() / name;
    for (Damage damage : {Damage::flips, Damage::cut}) {
      Tally tally;
      Random random(11);
      double largest = 0;
      for (int i = 0; i < trials(100, 1000) && !HasFailure(); ++i) {
        std::string broken = damaged(bytes, damage, random);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << broken;
        ::alarm(60);  // a hang ends the test
        std::string outcome;
        int64_t peak = peak_allocation([&] { outcome = try_one(broken, path, verified, read); });
        tally.count(outcome);
        EXPECT_LE(peak, most(static_cast<int64_t>(broken.size()))) << "trial " << i;
        largest = std::max(largest, static_cast<double>(peak) / static_cast<double>(bytes.size()));
      }
      ::alarm(0);
      if (kCountsAllocations)
        tally.note(fmt::format("at most {:.2f} x the whole file's {} bytes allocated", largest,
                               bytes.size()));
      tally.record(what + (damage == Damage::flips ? ", 1 to 3 flipped bits" : ", cut"));
    }
  }

  std::string try_one(const std::string& broken,
                      const fs::path& path,
                      bool verified,
                      const Read& read) {
    try {
      bool right = read(broken, path);
      EXPECT_TRUE(right || !verified) << "accepted, but not as it was";
      return right ? "read as the whole file is" : "read as a file of other content";
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), Kind::internal) << error.what();
      EXPECT_NE(std::string(error.what()).find(folder_.root()), std::string::npos) << error.what();
      return "refused by name";
    }
  }

  ScratchFolder folder_{"corruption"};
};

// What a reader needs for itself whatever the file holds: buffers, a message, the tables of a codec.
constexpr int64_t kRoom = 1 << 20;

int64_t twice(int64_t size) {
  return 2 * size + kRoom;
}

std::shared_ptr<ImageModel> small_model() {
  seed_generator(3);
  return make_model("resnet20", {{"width", 8}, {"classes", 4}});
}

ModelMeta small_meta() {
  return {.task = "classify",
          .class_names = {"a", "b", "c", "d"},
          .mean = {0.5, 0.5, 0.5},
          .std = {0.2, 0.2, 0.2},
          .input_size = 32};
}

bool same_state(const torch::nn::Module& a, const torch::nn::Module& b) {
  NamedTensors left = module_state(a), right = module_state(b);
  for (size_t i = 0; i < left.size(); ++i)
    if (!at::equal(left[i].second, right[i].second)) return false;
  return true;
}

// Textured, so that its files are about as large as those of photographs.
Image picture() {
  Random random(9);
  Image image(96, 80, 3);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(90 + random.below(60));
  return image;
}

TEST_F(Corruption, Checkpoint) {
  std::shared_ptr<ImageModel> model = small_model(), copy = small_model();
  fs::path whole = folder_.root() / "whole";
  nlohmann::json state = {{"epoch", 3}, {"step", 40}, {"best", "{}"}};
  write_checkpoint(whole, module_state(*model), state);
  try_all("checkpoint", "last.ckpt", read_file(whole), true, twice,
          [&](const std::string&, const fs::path& path) {
            nlohmann::json read = read_checkpoint(path, module_state(*copy));
            return read == state && same_state(*model, *copy);
          });
}

TEST_F(Corruption, Model) {
  std::shared_ptr<ImageModel> model = small_model();
  save_model(folder_.root() / "whole", *model, small_meta());
  // Beside the file a network is built: as large as the file again.
  try_all(
      "model.safetensors", "model.safetensors",
      read_file(folder_.root() / "whole/model.safetensors"), true,
      [](int64_t size) { return 3 * size + kRoom; },
      [&](const std::string&, const fs::path& path) {
        LoadedModel loaded = load_model(path);
        return loaded.meta.class_names == small_meta().class_names &&
               same_state(*model, *loaded.net);
      });
}

TEST_F(Corruption, PyTorchFile) {
  std::shared_ptr<ImageModel> model = small_model();
  StoredTensors state(module_state(*model));
  write_torch_file(folder_.root() / "whole.pth", state.tensors);
  try_all("weights of PyTorch", "weights.pth", read_file(folder_.root() / "whole.pth"), true, twice,
          [&](const std::string&, const fs::path& path) {
            TorchFile file = TorchFile::read(path);
            bool same = file.tensors().size() == state.tensors.size();
            for (size_t i = 0; same && i < state.tensors.size(); ++i)
              same = file.tensors()[i].name == state.tensors[i].name &&
                     file.tensors()[i].shape == state.tensors[i].shape &&
                     file.tensors()[i].bytes == state.tensors[i].bytes;
            return same;
          });
}

// Values that name each other again and again, or are many: a fixed multiple of the bytes that say so.
TEST_F(Corruption, HostilePicklesStayInProportion) {
  using namespace torch_bytes;
  constexpr int kMany = 300000;
  const std::string zero(1, '\0'), itself = "]q" + zero + "(h" + zero;
  std::string names = "}(";
  for (int i = 0; i < 20000; ++i) names += text(fmt::format("a{}", i)) + "N";
  for (const std::string& body :
       {std::string(kMany, ']'), std::string(kMany, '('), itself + std::string(kMany, 'N') + "e",
        itself + std::string(kMany, ')') + "e", "(" + std::string(kMany, 'N') + "t", names + "u"}) {
    std::string bytes = legacy_with(body);
    auto size = static_cast<int64_t>(bytes.size());
    int64_t peak = peak_allocation([&] {
      try {
        TorchFile::parse(std::move(bytes), "weights.pth");
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), Kind::internal) << error.what();
      }
    });
    EXPECT_LE(peak, 12 * size + 2 * kRoom) << body.substr(0, 4);
  }
}

TEST_F(Corruption, ConfigurationBesideAModel) {
  std::shared_ptr<ImageModel> model = small_model();
  save_model(folder_.root(), *model, small_meta());
  fs::path weights = folder_.root() / "model.safetensors";
  Safetensors file = Safetensors::read(weights);
  std::vector<StoredTensor> tensors = file.tensors();
  write_safetensors(weights, tensors);  // without the configuration inside
  auto weight_bytes = static_cast<int64_t>(fs::file_size(weights));
  // Text without a checksum: another architecture or class name may be what was meant.
  try_all(
      "config.json beside weights", "config.json", read_file(folder_.root() / "config.json"), false,
      [&](int64_t size) { return 3 * weight_bytes + 20 * size + (16 << 20); },
      [&](const std::string&, const fs::path&) {
        LoadedModel loaded = load_model(folder_.root());
        return loaded.meta.class_names == small_meta().class_names;
      });
}

TEST_F(Corruption, Onnx) {
  std::shared_ptr<ImageModel> model = small_model();
  fs::path whole = folder_.root() / "whole.onnx";
  export_onnx(*model, {{"task", "classify"}}, 3, 32, 32, whole);
  at::Tensor images = at::ones({1, 3, 32, 32});
  at::Tensor expected = GraphRunner(read_onnx(whole)).run(images);
  Graph graph;
  try_all("model.onnx", "model.onnx", read_file(whole), true, twice,
          [&](const std::string&, const fs::path& path) {
            graph = Graph();  // the one before is not this one's memory
            graph = read_onnx(path);
            return graph.constants.size() > 0;
          });
  // Those that were accepted run, and give what the whole file gives.
  Random random(12);
  std::string bytes = read_file(whole);
  for (int i = 0; i < trials(30, 300); ++i) {
    std::string broken = damaged(bytes, i % 2 ? Damage::flips : Damage::cut, random);
    try {
      EXPECT_TRUE(at::equal(GraphRunner(parse_onnx(broken, "m")).run(images), expected));
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), Kind::internal) << error.what();
    }
  }
}

TEST_F(Corruption, OnnxOfAnotherExporter) {
  fs::path golden =
      fs::path(__FILE__).parent_path().parent_path() / "golden/onnx/pytorch_plain.onnx";
  // No checksum tells a flipped weight from a meant one.
  try_all("ONNX of PyTorch's exporter", "foreign.onnx", read_file(golden), false, twice,
          [&](const std::string&, const fs::path& path) {
            with_context(path.string(), [&] { GraphRunner runner(read_onnx(path)); });
            return false;
          });
}

TEST_F(Corruption, Png) {
  std::string bytes = encode_png(picture());
  Image whole = decode_png(bytes);
  auto held = static_cast<int64_t>(whole.pixels.size());
  // A packed picture is larger than its file. Deflate packs at most 1032 : 1; pixels in RGB are what is asked for.
  try_all(
      "PNG", "picture.png", bytes, true,
      [&](int64_t size) { return std::min(1032 * size, 100 * held) * 3 + kRoom; },
      [&](const std::string&, const fs::path& path) {
        return read_png(path).pixels == whole.pixels;
      });
}

TEST_F(Corruption, Jpeg) {
  std::string bytes = encode_jpeg(picture(), 90);
  Image whole = decode_jpeg(bytes);
  // No checksum in the format. A pixel needs at least 1/512 of a byte of the file, and the decoder's work space,
  // when the file claims to be progressive, twice the picture in 16 bits.
  try_all(
      "JPEG", "picture.jpg", bytes, false, [](int64_t size) { return 512 * size * 3 * 5 + kRoom; },
      [&](const std::string&, const fs::path& path) {
        return read_jpeg(path).pixels == whole.pixels;
      });
}

TEST_F(Corruption, Idx) {
  std::string bytes = encode_idx(IdxType::u8, {20, 28, 28}, std::string(20 * 28 * 28, '\x55'));
  // Plain numbers: every value is a picture.
  try_all("IDX", "images-idx3-ubyte", bytes, false, twice,
          [&](const std::string&, const fs::path& path) {
            Idx idx = read_idx(path);
            return idx.bytes == bytes;
          });
}

TEST_F(Corruption, ConfigurationOfARun) {
  ClassifyRecipe recipe;
  std::string bytes = to_toml(fields(recipe));
  // Text that a user may write by hand: other values are accepted where they are in range.
  try_all(
      "config.toml", "config.toml", bytes, false, [](int64_t size) { return 100 * size + kRoom; },
      [&](const std::string&, const fs::path& path) {
        ClassifyRecipe read;
        read_toml(fields(read), path);
        return to_toml(fields(read)) == bytes;
      });
}

}  // namespace
}  // namespace espalier
