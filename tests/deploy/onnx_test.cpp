#include <gtest/gtest.h>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/core/random.h"
#include "espalier/deploy/fold.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/onnx_wire.h"
#include "espalier/deploy/onnx_write.h"
#include "espalier/deploy/run_graph.h"

#include "tests/deploy/networks.h"
#include "tests/expect_error.h"

namespace espalier {
namespace {

using torch::Tensor;

// The first example of protobuf.dev/programming-guides/encoding, and its text example.
TEST(OnnxWire, WritesTheBytesOfTheSpecification) {
  WireWriter number, text;
  number.add_integer(1, 150);
  text.add_text(2, "testing");
  EXPECT_EQ(number.bytes(), "\x08\x96\x01");
  EXPECT_EQ(text.bytes(), "\x12\x07testing");
  WireWriter negative;
  negative.add_integer(1, -2);
  EXPECT_EQ(negative.bytes(), "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(OnnxWire, ReadsWhatItWrote) {
  WireWriter writer;
  for (int64_t value :
       {int64_t{0}, int64_t{127}, int64_t{128}, int64_t{-1}, std::numeric_limits<int64_t>::min()})
    writer.add_integer(5, value);
  writer.add_float(6, -1.5f);
  WireReader reader(writer.bytes(), "memory");
  std::vector<int64_t> values;
  for (int i = 0; i < 5; ++i) values.push_back(reader.next()->integer());
  EXPECT_EQ(values, (std::vector<int64_t>{0, 127, 128, -1, std::numeric_limits<int64_t>::min()}));
  EXPECT_EQ(reader.next()->number32(), -1.5f);
  EXPECT_FALSE(reader.next());
}

TEST(OnnxWire, PackedNumbersAreTheSameAsSingleOnes) {
  WireWriter packed;
  packed.add_text(3, std::string("\x01\x96\x01\x00", 4));
  std::vector<int64_t> values;
  WireReader reader(packed.bytes(), "memory");
  reader.next()->append_integers(values);
  EXPECT_EQ(values, (std::vector<int64_t>{1, 150, 0}));
}

TEST(OnnxWire, RefusesWhatIsNoField) {
  auto refuse = [](std::string bytes, const std::string& word) {
    expect_error(
        [&] {
          WireReader reader(bytes, "f");
          while (reader.next()) {
          }
        },
        Kind::format, word);
  };
  refuse("\x08\x96", "ends within a number");
  refuse(std::string("\x08") + std::string(11, '\xff'), "longer than 64 bits");
  refuse("\x12\x7ftest", "a field of 127 bytes where 4 are left");
  refuse("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", "are left");
  refuse("\x0b", "wire type");  // a group
  refuse(std::string("\x00\x01", 2), "field number");
  refuse("\x0d\x01", "ends within a number");
}

// --- hand-made files ---

WireWriter attribute(const std::string& name, const std::vector<int64_t>& values) {
  WireWriter w;
  w.add_text(1, name);
  for (int64_t value : values) w.add_integer(8, value);
  w.add_integer(20, 7);
  return w;
}

WireWriter attribute(const std::string& name, int64_t value) {
  WireWriter w;
  w.add_text(1, name);
  w.add_integer(3, value);
  w.add_integer(20, 2);
  return w;
}

WireWriter node(const std::string& op,
                const std::vector<std::string>& inputs,
                const std::string& output,
                const std::vector<WireWriter>& attributes = {}) {
  WireWriter w;
  for (const std::string& input : inputs) w.add_text(1, input);
  w.add_text(2, output);
  w.add_text(3, "the_" + output);
  w.add_text(4, op);
  for (const WireWriter& a : attributes) w.add_message(5, a);
  return w;
}

WireWriter tensor(const std::string& name,
                  const std::vector<int64_t>& dims,
                  int64_t type,
                  const std::string& raw) {
  WireWriter w;
  for (int64_t size : dims) w.add_integer(1, size);
  w.add_integer(2, type);
  w.add_text(8, name);
  w.add_text(9, raw);
  return w;
}

std::string raw_floats(size_t count, float value) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes.append(reinterpret_cast<const char*>(&value), 4);
  return bytes;
}

std::string raw_integers(const std::vector<int64_t>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * 8};
}

WireWriter port(const std::string& name, const std::vector<int64_t>& shape) {
  WireWriter dims, type, tensor_type, w;
  for (int64_t size : shape) {
    WireWriter dim;
    if (size < 0) dim.add_text(2, "N");
    if (size >= 0) dim.add_integer(1, size);
    dims.add_message(1, dim);
  }
  tensor_type.add_integer(1, 1);
  tensor_type.add_message(2, dims);
  type.add_message(1, tensor_type);
  w.add_text(1, name);
  w.add_message(2, type);
  return w;
}

// x (N x 2 x 4 x 4) -> nodes -> y.
std::string model(const std::vector<WireWriter>& nodes,
                  const std::vector<WireWriter>& tensors = {},
                  int64_t opset = 17) {
  WireWriter graph, set, w;
  for (const WireWriter& n : nodes) graph.add_message(1, n);
  for (const WireWriter& t : tensors) graph.add_message(5, t);
  graph.add_message(11, port("x", {-1, 2, 4, 4}));
  graph.add_message(12, port("y", {}));
  set.add_text(1, "");
  set.add_integer(2, opset);
  w.add_integer(1, 8);
  w.add_message(7, graph);
  w.add_message(8, set);
  return w.bytes();
}

std::string tiny_model() {
  return model({node("Conv", {"x", "w"}, "c", {attribute("pads", {1, 1, 1, 1})}),
                node("Relu", {"c"}, "r"), node("Reshape", {"r", "s"}, "y")},
               {tensor("w", {3, 2, 3, 3}, 1, raw_floats(54, 0.5f)),
                tensor("s", {2}, 7, raw_integers({0, -1}))});
}

Tensor run(const std::string& bytes) {
  return GraphRunner(parse_onnx(bytes, "f")).run(random_images({2, 2, 4, 4}));
}

TEST(OnnxRead, ReadsAHandMadeFile) {
  EXPECT_EQ(run(tiny_model()).sizes(), (Shape{2, 48}));
}

TEST(OnnxRead, AFileCutOffAnywhereIsAnError) {
  std::string bytes = tiny_model();
  for (size_t length = 0; length < bytes.size(); ++length) {
    try {
      parse_onnx(std::string_view(bytes).substr(0, length), "f");
      ADD_FAILURE() << "parsed " << length << " of " << bytes.size() << " bytes";
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == Kind::format || error.kind() == Kind::unsupported)
          << error.what();
    }
  }
}

TEST(OnnxRead, TwoThousandFlippedBitsGiveAnErrorOrAGraph) {
  Random random(9);
  int64_t errors = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = tiny_model();
    int64_t bit = random.below(static_cast<int64_t>(bytes.size()) * 8);
    bytes[static_cast<size_t>(bit / 8)] ^= static_cast<char>(1 << (bit % 8));
    try {
      run(bytes);
    } catch (const Error& error) {
      ++errors;
      EXPECT_NE(error.kind(), Kind::internal) << error.what();
    }
  }
  EXPECT_GT(errors, 100);
  EXPECT_LT(errors, 1900);
}

void refuse(Kind kind, const std::string& word, const std::string& bytes) {
  expect_error([&] { run(bytes); }, kind, word);
}

TEST(OnnxRead, AnOperatorOutsideTheSubsetIsNamed) {
  refuse(Kind::unsupported, "f: node 'the_y' ('LSTM')", model({node("LSTM", {"x"}, "y")}));
  refuse(Kind::unsupported, "attribute 'magic'",
         model({node("Relu", {"x"}, "y", {attribute("magic", 3)})}));
  WireWriter foreign = node("Conv", {"x"}, "y");
  foreign.add_text(7, "com.microsoft");
  refuse(Kind::unsupported, "com.microsoft", model({foreign}));
  refuse(Kind::unsupported, "opset 9", model({node("Relu", {"x"}, "y")}, {}, 9));
}

TEST(OnnxRead, TensorsThatLieAboutTheirSize) {
  auto with = [](const WireWriter& w) { return model({node("Mul", {"x", "w"}, "y")}, {w}); };
  refuse(Kind::format, "its shape 1000x1000", with(tensor("w", {1000, 1000}, 1, raw_floats(4, 1))));
  refuse(Kind::format, "out of all proportion",
         with(tensor("w", {1 << 30, 1 << 30, 1 << 30}, 1, "")));
  refuse(Kind::format, "a size of -1", with(tensor("w", {-1}, 1, raw_floats(1, 1))));
  refuse(Kind::format, "5 bytes", with(tensor("w", {1}, 1, raw_floats(1, 1) + "x")));
  refuse(Kind::format, "its data 3 bytes", with(tensor("w", {}, 1, "abc")));
  refuse(Kind::unsupported, "data type 10", with(tensor("w", {1}, 10, "ab")));
  WireWriter outside = tensor("w", {1}, 1, raw_floats(1, 1));
  outside.add_integer(14, 1);
  refuse(Kind::format, "in another file", with(outside));
  refuse(Kind::unsupported, "12 axes",
         with(tensor("w", std::vector<int64_t>(12, 1), 1, raw_floats(1, 1))));
}

TEST(OnnxRead, GraphsThatContradictThemselves) {
  refuse(Kind::format, "nothing before it makes", model({node("Relu", {"nowhere"}, "y")}));
  refuse(Kind::format, "circle",
         model({node("Add", {"x", "b"}, "a"), node("Relu", {"a"}, "b"), node("Relu", {"b"}, "y")}));
  refuse(Kind::format, "reads 'y'", model({node("Relu", {"y"}, "y")}));
  refuse(Kind::format, "a second time",
         model({node("Relu", {"x"}, "y"), node("Relu", {"x"}, "y")}));
  refuse(Kind::format, "given twice",
         model({node("Mul", {"x", "w"}, "y")},
               {tensor("w", {1}, 1, raw_floats(1, 1)), tensor("w", {1}, 1, raw_floats(1, 1))}));
  refuse(Kind::format, "the graph's output 'y'", model({node("Relu", {"x"}, "z")}));
  refuse(Kind::format, "inputs", model({node("Relu", {"x", "x"}, "y")}));
  refuse(Kind::format, "has the attribute 'axis' twice",
         model({node("Softmax", {"x"}, "y", {attribute("axis", 1), attribute("axis", 2)})}));
  refuse(Kind::format, "wrong type",
         model({node("Softmax", {"x"}, "y", {attribute("axis", std::vector<int64_t>{1})})}));
  refuse(Kind::format, "holds no graph", "");
  refuse(Kind::format, "", "this is a text file, not a model");
}

TEST(OnnxRead, NodesWhoseArgumentsDoNotFit) {
  auto conv = [](std::vector<WireWriter> attributes, const WireWriter& weight) {
    return model({node("Conv", {"x", "w"}, "y", attributes)}, {weight});
  };
  WireWriter good = tensor("w", {4, 2, 3, 3}, 1, raw_floats(72, 1));
  refuse(Kind::format, "do not fit", conv({}, tensor("w", {4, 5, 1, 1}, 1, raw_floats(20, 1))));
  refuse(Kind::format, "empty value", conv({}, tensor("w", {1, 2, 9, 9}, 1, raw_floats(162, 1))));
  refuse(Kind::format, "strides holds 0", conv({attribute("strides", {0, 1})}, good));
  refuse(Kind::format, "pads holds", conv({attribute("pads", {0, 0, int64_t{1} << 40, 0})}, good));
  refuse(Kind::unsupported, "2^29",
         conv({attribute("pads", {1 << 20, 1 << 20, 1 << 20, 1 << 20})}, good));
  refuse(Kind::unsupported, "two spatial axes",
         conv({attribute("strides", std::vector<int64_t>{2})}, good));
  refuse(Kind::format, "groups", conv({attribute("group", 0)}, good));
  refuse(Kind::format, "groups", conv({attribute("group", 3)}, good));
  refuse(Kind::format, "kernel_shape 5x5", conv({attribute("kernel_shape", {5, 5})}, good));
  refuse(Kind::format, "must be float32", conv({}, tensor("w", {1}, 7, raw_integers({3}))));
  refuse(Kind::unsupported, "only constants", model({node("Conv", {"x", "x"}, "y")}));
  auto pool = [](std::vector<WireWriter> attributes) {
    return model({node("MaxPool", {"x"}, "y", attributes)});
  };
  refuse(Kind::format, "lacks kernel_shape", pool({}));
  refuse(Kind::unsupported, "half the kernel",
         pool({attribute("kernel_shape", {2, 2}), attribute("pads", {2, 2, 2, 2})}));
  auto reshape = [](std::vector<int64_t> shape) {
    return model({node("Reshape", {"x", "s"}, "y")},
                 {tensor("s", {static_cast<int64_t>(shape.size())}, 7, raw_integers(shape))});
  };
  refuse(Kind::format, "cannot be seen as", reshape({3, 5}));
  refuse(Kind::format, "not a shape", reshape({-1, -1}));
  refuse(Kind::format, "out of all proportion", reshape({int64_t{1} << 40, int64_t{1} << 40, -1}));
  refuse(Kind::format, "must be a short list", reshape(std::vector<int64_t>(1000, 1)));
  refuse(Kind::format, "axis 9", model({node("Concat", {"x", "x"}, "y", {attribute("axis", 9)})}));
}

TEST(OnnxRead, NamesFromAFileCannotSpoilAMessage) {
  refuse(Kind::unsupported, "\\x0a\\x1b", model({node("Bad\n\x1b[2J", {"x"}, "y")}));
  refuse(Kind::unsupported, "...'", model({node(std::string(5000, 'a'), {"x"}, "y")}));
}

TEST(OnnxRead, TakesEveryFormOfAConstant) {
  WireWriter number, value;
  number.add_text(1, "value_float");
  number.add_float(2, 3);
  WireWriter constant;
  constant.add_text(2, "k");
  constant.add_text(4, "Constant");
  constant.add_message(5, number);
  WireWriter listed;  // float_data instead of raw_data
  listed.add_integer(1, 1);
  listed.add_integer(2, 1);
  listed.add_text(4, raw_floats(1, 2));
  listed.add_text(8, "w");
  Tensor images = random_images({2, 2, 4, 4});
  Graph graph = parse_onnx(
      model({constant, node("Mul", {"x", "w"}, "a"), node("Add", {"a", "k"}, "y")}, {listed}), "f");
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), images * 2 + 3), 1e-6);
}

// tests/golden/make_onnx_golden.py made the files and the logits.
TEST(OnnxRead, FilesOfPyTorchsExporterGiveItsLogits) {
  fs::path folder = fs::path(__FILE__).parent_path().parent_path() / "golden" / "onnx";
  auto golden = nlohmann::json::parse(read_file(folder / "pytorch.json"));
  Tensor wanted = torch::tensor(golden.at("logits").get<std::vector<float>>()).reshape({2, 3});
  Tensor images = (torch::arange(2 * 2 * 12 * 10, torch::kDouble) / 10).sin().to(torch::kFloat);
  for (const char* name : {"pytorch_folded.onnx", "pytorch_plain.onnx"}) {
    Graph graph = read_onnx(folder / name);
    Tensor logits = GraphRunner(graph).run(images.reshape({2, 2, 12, 10}));
    EXPECT_LT(relative_difference(logits, wanted), 1e-5) << name;
    EXPECT_EQ(fold_norms(graph, true).folded, std::string(name) == "pytorch_plain.onnx" ? 2 : 0);
    logits = GraphRunner(graph).run(images.reshape({2, 2, 12, 10}));
    EXPECT_LT(relative_difference(logits, wanted), 1e-5) << name;
  }
}

TEST(OnnxRead, SeesAConstantThroughIdentities) {
  Tensor images = random_images({1, 2, 4, 4});
  Graph graph = parse_onnx(model({node("Identity", {"w"}, "a"), node("Identity", {"a"}, "b"),
                                  node("Clip", {"x", "b"}, "y")},
                                 {tensor("w", {}, 1, raw_floats(1, 0.25f))}),
                           "f");
  EXPECT_LT(relative_difference(GraphRunner(graph).run(images), images.clamp_min(0.25)), 1e-6);
}

TEST(GraphRunner, SaysWhichImagesItWants) {
  GraphRunner runner(parse_onnx(tiny_model(), "f"));
  auto refuse = [&](const torch::Tensor& images, const std::string& words) {
    expect_error([&] { runner.run(images); }, Kind::data, words);
  };
  refuse(torch::zeros({1, 3, 4, 4}), "-1x2x4x4");
  refuse(torch::zeros({1, 2, 4, 4}, torch::kDouble), "float32");
  refuse(torch::zeros({1, 2, 0, 4}), "images of 1x2x0x4");
}

TEST(OnnxWrite, IsAtomicAndKeepsMetadata) {
  Graph graph = parse_onnx(tiny_model(), "f");
  graph.metadata = {{"classes", "[\"Eiche\",\"\xc3\x84pfel\"]"}, {"empty", ""}};
  fs::path file = fs::path(testing::TempDir()) / "espalier_onnx_write.onnx";
  write_onnx(graph, file);
  Graph again = read_onnx(file);
  fs::remove(file);
  EXPECT_EQ(again.metadata, graph.metadata);
  EXPECT_EQ(to_text(again), to_text(graph));
  expect_error([&] { read_onnx(file); }, Kind::io, "does not exist");
}

}  // namespace
}  // namespace espalier
