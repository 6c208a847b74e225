#include "espalier/format/safetensors.h"

#include <ctime>

#include "espalier/format/checksum.h"

#include "tests/format/broken_bytes.h"

namespace espalier {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

template <class T>
std::string_view bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

void expect_refused(const std::string& bytes, Kind kind, const std::string& words) {
  try {
    Safetensors::parse(bytes, "weights.bin");
    FAIL() << "accepted, though: " << words;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    EXPECT_NE(std::string(error.what()).find("weights.bin"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find(words), std::string::npos) << error.what();
  }
}

TEST(Safetensors, ReadsTheFileOfTheFormatsDescription) {
  std::vector<float> values = {1.5f, -2, 3, 4};
  std::string data(bytes_of(values));
  Safetensors file = Safetensors::parse(
      file_of(
          R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}   )",
          data),
      "w");
  ASSERT_EQ(file.tensors().size(), 1u);
  const StoredTensor* w = file.find("w");
  ASSERT_NE(w, nullptr);
  EXPECT_EQ(w->dtype, "F32");
  EXPECT_EQ(w->shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(w->bytes, bytes_of(values));
  EXPECT_EQ(file.metadata().at("format"), "pt");
  EXPECT_EQ(file.find("v"), nullptr);
}

TEST(Safetensors, WritesWhatItReadsAndKeepsEverythingAligned) {
  std::vector<uint8_t> odd = {1, 0, 1};
  std::vector<float> weights = {1, 2, 3, 4, 5, 6};
  std::vector<int64_t> steps = {-7};
  fs::path path = fs::path(testing::TempDir()) / "espalier_round.safetensors";
  write_safetensors(path,
                    {{"seen", "BOOL", {3}, bytes_of(odd)},
                     {"b", "F32", {2, 3}, bytes_of(weights)},
                     {"none", "F32", {0, 3}, {}},
                     {"steps", "I64", {}, bytes_of(steps)}},
                    {{"format", "pt"}, {"note", "é \"quoted\""}});
  std::string bytes = read_file(path);
  Safetensors file = Safetensors::read(path);
  Safetensors moved = std::move(file);
  ASSERT_EQ(moved.tensors().size(), 4u);
  EXPECT_EQ(moved.find("seen")->bytes, bytes_of(odd));
  EXPECT_EQ(moved.find("b")->bytes, bytes_of(weights));
  EXPECT_EQ(moved.find("b")->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_TRUE(moved.find("none")->bytes.empty());
  EXPECT_TRUE(moved.find("steps")->shape.empty());
  EXPECT_EQ(moved.metadata().at("note"), "é \"quoted\"");
  EXPECT_EQ(static_cast<uint8_t>(bytes[0]) % 8, 0);
  for (const StoredTensor& tensor : moved.tensors())
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.bytes.data()) %
                  static_cast<uintptr_t>(stored_width(tensor.dtype)),
              0u)
        << tensor.name;
  fs::remove(path);
}

// The reference implementation's file, to the byte (tests/golden/formats/make_formats_golden.py).
TEST(Safetensors, WritesTheBytesOfTheReference) {
  std::string expected = read_file(format_golden("reference.safetensors"));
  Safetensors reference = Safetensors::parse(expected, "reference");
  EXPECT_EQ(reference.find("steps")->bytes,
            std::string_view("\xf9\xff\xff\xff\xff\xff\xff\xff", 8));
  std::vector<StoredTensor> shuffled(reference.tensors().rbegin(), reference.tensors().rend());
  fs::path path = fs::path(testing::TempDir()) / "espalier_reference.safetensors";
  write_safetensors(path, shuffled, reference.metadata());
  EXPECT_EQ(read_file(path), expected);
  fs::remove(path);
}

TEST(Safetensors, RefusesEveryLieOfAHeader) {
  auto entry = [](const std::string& text) { return "{\"w\":" + text + "}"; };
  std::string good = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  std::string eight(8, '\0');
  EXPECT_NO_THROW(Safetensors::parse(file_of(entry(good), eight), "w"));
  expect_refused("", Kind::format, "too few");
  expect_refused(std::string(8, '\xff'), Kind::format, "header of");
  expect_refused(file_of("[]", ""), Kind::format, "JSON object");
  expect_refused(file_of("{\"w\":", ""), Kind::format, "valid JSON");
  expect_refused(file_of("{\"\xff\":1}", ""), Kind::format, "valid JSON");
  expect_refused(file_of(std::string(100000, '['), ""), Kind::format, "deeply");
  expect_refused(file_of("{\"w\":" + good + ",\"w\":" + good + "}", eight), Kind::format, "twice");
  expect_refused(
      file_of(entry(R"({"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]})"), eight),
      Kind::format, "twice");
  expect_refused(file_of(entry("3"), ""), Kind::format, "tensor 'w'");
  expect_refused(file_of(entry(R"({"shape":[2],"data_offsets":[0,8]})"), eight), Kind::format,
                 "dtype");
  expect_refused(file_of(entry(R"({"dtype":"Q4","shape":[2],"data_offsets":[0,8]})"), eight),
                 Kind::unsupported, "Q4");
  expect_refused(file_of(entry(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})"), eight),
                 Kind::format, "shape");
  expect_refused(file_of(entry(R"({"dtype":"F32","shape":[2.5],"data_offsets":[0,8]})"), eight),
                 Kind::format, "shape");
  expect_refused(file_of(entry(R"({"dtype":"F32","shape":[3],"data_offsets":[0,8]})"), eight),
                 Kind::format, "needs 12");
  expect_refused(
      file_of(entry(R"({"dtype":"F32","shape":[4611686018427387906,2],"data_offsets":[0,8]})"),
              eight),
      Kind::format, "countless");
  expect_refused(file_of(entry(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})"), eight),
                 Kind::format, "begin and");
  expect_refused(file_of(entry(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})"), eight),
                 Kind::format, "begin and");
  expect_refused(file_of(entry(good), std::string(7, '\0')), Kind::format, "file has 7");
  expect_refused(file_of(entry(good), std::string(9, '\0')), Kind::format, "belong to no tensor");
  expect_refused(
      file_of(entry(R"({"dtype":"F32","shape":[2],"data_offsets":[4,12]})"), std::string(12, '\0')),
      Kind::format, "does not begin");
  expect_refused(file_of("{\"v\":" + good + ",\"w\":" + good + "}", eight), Kind::format,
                 "does not begin");
  expect_refused(file_of(R"({"__metadata__":{"a":1}})", ""), Kind::format, "not text");
}

TEST(Safetensors, ManyNamesTakeLinearTime) {
  std::string header = "{";
  for (int i = 0; i < 100000; ++i)
    header += fmt::format("{}\"{}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
                          i ? "," : "", i);
  std::clock_t start = std::clock();
  Safetensors file = Safetensors::parse(file_of(header + "}", ""), "w");
  EXPECT_EQ(file.tensors().size(), 100000u);
  fs::path path = fs::path(testing::TempDir()) / "espalier_many.safetensors";
  write_safetensors(path, file.tensors());
  EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 10);  // of the processor; quadratic: minutes
  fs::remove(path);
}

TEST(Safetensors, WriterRefusesContradictions) {
  fs::path path = fs::path(testing::TempDir()) / "espalier_never.safetensors";
  std::vector<float> two = {1, 2};
  EXPECT_THROW(write_safetensors(path, {{"w", "F32", {3}, bytes_of(two)}}), Error);
  EXPECT_THROW(write_safetensors(path, {{"w", "F33", {2}, bytes_of(two)}}), Error);
  EXPECT_THROW(write_safetensors(path, {{"__metadata__", "F32", {2}, bytes_of(two)}}), Error);
  EXPECT_THROW(
      write_safetensors(path, {{"w", "F32", {2}, bytes_of(two)}, {"w", "F32", {2}, bytes_of(two)}}),
      Error);
  EXPECT_THROW(write_safetensors(path, {{"\xff", "F32", {2}, bytes_of(two)}}), Error);
  EXPECT_FALSE(fs::exists(path));
}

TEST(Safetensors, AnyCutIsAnErrorAndFlippedBitsNeverCrash) {
  std::string header =
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BOOL","shape":[3],"data_offsets":[16,19]}})";
  std::string bytes = file_of(header, std::string(19, 'x'));
  expect_every_cut_refused(bytes, [](const std::string& cut) { Safetensors::parse(cut, "w"); });
  flip_bits(bytes, [](const std::string& broken) {
    Safetensors file = Safetensors::parse(broken, "w");
    for (const StoredTensor& tensor : file.tensors()) EXPECT_LE(tensor.bytes.size(), 19u);
  });
}

TEST(Safetensors, AChecksumTurnsEveryFlippedBitIntoAnError) {
  std::vector<float> weights(50, 1.5f);
  fs::path path = fs::path(testing::TempDir()) / "espalier_sum.safetensors";
  write_safetensors(path, {{"\"crc32\":\"", "F32", {50}, bytes_of(weights)}},
                    {{"crc32", ""}, {"note", "\"crc32\":\"00000000\""}});
  std::string bytes = read_file(path);
  EXPECT_NE(Safetensors::parse(bytes, "whole").metadata().at("crc32"), "00000000");
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string broken = bytes;
    broken[bit / 8] ^= static_cast<char>(1 << bit % 8);
    try {
      Safetensors file = Safetensors::parse(broken, "broken");
      EXPECT_EQ(file.metadata().count("crc32"), 0u) << "bit " << bit;  // the entry itself renamed
      EXPECT_EQ(file.tensors().at(0).bytes, bytes_of(weights)) << "bit " << bit;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find("reading broken"), 0u) << error.what();
    }
  }
  fs::remove(path);
}

// Python: zlib.crc32(b"123456789")
TEST(Checksum, IsZlibs) {
  Checksum sum;
  sum.add("1234");
  sum.add("");
  sum.add("56789");
  EXPECT_EQ(sum.text(), "cbf43926");
  EXPECT_EQ(Checksum().text(), Checksum::kZero);
}

}  // namespace
}  // namespace espalier
