// Files of torch.save: what the goldens hold is read (tests/golden/formats/make_torch_golden.py), and what a
// hostile writer may put together is refused by name and place.
#include "espalier/format/torch_file.h"

#include <cstring>

#include "espalier/format/safetensors.h"

#include "tests/format/broken_bytes.h"
#include "tests/format/torch_bytes.h"

namespace espalier {
namespace {

using namespace torch_bytes;

TorchFile parse(const std::string& bytes) {
  return TorchFile::parse(bytes, "weights.pth");
}

class TorchGolden : public testing::TestWithParam<std::string> {};

TEST_P(TorchGolden, HoldsWhatPyTorchSaved) {
  TorchFile file = TorchFile::read(format_golden(GetParam()));
  Safetensors expected = Safetensors::read(format_golden("torch_tensors.safetensors"));
  EXPECT_EQ(file.legacy(), GetParam() == "torch_legacy.pth");
  EXPECT_EQ(file.tensors().size(), expected.tensors().size());
  for (const StoredTensor& tensor : file.tensors()) {
    const StoredTensor* wanted = expected.find(tensor.name);
    ASSERT_NE(wanted, nullptr) << tensor.name;
    EXPECT_EQ(tensor.dtype, wanted->dtype) << tensor.name;
    EXPECT_EQ(tensor.shape, wanted->shape) << tensor.name;
    EXPECT_EQ(tensor.bytes, wanted->bytes) << tensor.name;
  }
}

TEST_P(TorchGolden, EveryCutIsRefusedAndFlippedBitsDoNoHarm) {
  std::string bytes = read_file(format_golden(GetParam()));
  expect_every_cut_refused(bytes, parse);
  int refused = flip_bits(bytes, parse, 3000);
  EXPECT_GT(refused, 500);
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    TorchGolden,
    testing::Values("torch_zip.pth", "torch_protocol4.pth", "torch_legacy.pth"),
    [](const auto& info) { return info.param.substr(6, info.param.size() - 10); });

TEST(TorchFile, OutlivesTheObjectThatReadIt) {
  std::vector<StoredTensor> tensors;
  TorchFile kept = [&] {
    TorchFile file = TorchFile::read(format_golden("torch_zip.pth"));
    tensors = file.tensors();
    return file;
  }();
  Safetensors expected = Safetensors::read(format_golden("torch_tensors.safetensors"));
  for (const StoredTensor& tensor : tensors)
    EXPECT_EQ(tensor.bytes, expected.find(tensor.name)->bytes) << tensor.name;
}

TEST(TorchFile, ReadsWhatItWritesAndStoragesAreAligned) {
  Safetensors golden = Safetensors::read(format_golden("torch_tensors.safetensors"));
  fs::path path = fs::path(testing::TempDir()) / "espalier_round.pth";
  write_torch_file(path, golden.tensors());
  TorchFile file = TorchFile::read(path);
  ASSERT_EQ(file.tensors().size(), golden.tensors().size());
  std::string bytes = read_file(path);
  for (size_t i = 0; i < file.tensors().size(); ++i) {
    const StoredTensor &ours = file.tensors()[i], &wanted = golden.tensors()[i];
    EXPECT_EQ(ours.name, wanted.name);
    EXPECT_EQ(ours.dtype, wanted.dtype);
    EXPECT_EQ(ours.shape, wanted.shape);
    EXPECT_EQ(ours.bytes, wanted.bytes);
  }
  ZipArchive archive = ZipArchive::parse(bytes);
  for (const ZipEntry& entry : archive.entries())
    EXPECT_EQ((entry.bytes.data() - bytes.data()) % 64, 0) << entry.name;
  fs::remove(path);
}

TEST(TorchFile, ValuesBesideTheTensorsCostNothing) {
  std::string history = "](";
  for (int i = 0; i < 100000; ++i) history += std::string("K") + static_cast<char>(i % 256);
  std::string body = "}(" + text("loss") + history + "e" + text("w") + plain_tensor() + "u";
  EXPECT_EQ(parse(file_with(body)).tensors().size(), 1u);
}

TEST(TorchFile, ATypeWithoutAStorageIsNotWritten) {
  expect_error(
      [] {
        write_torch_file("never.pth", {{"a", "U32", {0}, ""}});
      },
      Kind::unsupported, "tensor 'a': PyTorch has no storage for U32");
}

struct Hostile {
  std::string what, body;
  Kind kind;
  std::string words;  // of the message, which also names file and byte
};

// Pickles as they stand in an archive with one storage of sixteen floats.
std::vector<Hostile> hostile_pickles() {
  std::vector<Hostile> all;
  auto add = [&](const std::string& what, const std::string& body, Kind kind,
                 const std::string& words) {
    all.push_back({what, body, kind, words});
  };
  const std::pair<const char*, const char*> globals[] = {
      {"os", "system"},           {"posix", "system"},
      {"nt", "system"},           {"builtins", "eval"},
      {"builtins", "exec"},       {"__builtin__", "eval"},
      {"builtins", "getattr"},    {"subprocess", "Popen"},
      {"runpy", "_run_code"},     {"pickle", "loads"},
      {"torch", "load"},          {"torch.storage", "_load_from_bytes"},
      {"torch", "Tensor"},        {"numpy.core.multiarray", "_reconstruct"},
      {"argparse", "Namespace"},  {"__main__", "Model"},
      {"collections", "Counter"}, {"torch._utils", "_import_dotted_name"}};
  for (const auto& [module, name] : globals)
    add(std::string(module) + "." + name, call(module, name, text("echo 1")), Kind::unsupported,
        std::string("the global '") + module + "." + name + "' is not read");
  add("a global named by two texts", text("os") + text("system") + "\x93(tR", Kind::unsupported,
      "the global 'os.system'");
  add("a global behind a good tensor",
      dict({{"a", plain_tensor()}, {"b", call("os", "system", text("x"))}}), Kind::unsupported,
      "the global 'os.system'");

  add("INST", "(ios\nsystem\n", Kind::unsupported, "opcode 0x69");
  add("OBJ", "(" + global("torch", "Size") + "o", Kind::unsupported, "opcode 0x6f");
  add("NEWOBJ", global("torch", "Size") + ")\x81", Kind::unsupported, "opcode 0x81");
  add("NEWOBJ_EX", global("torch", "Size") + ")}\x92", Kind::unsupported, "opcode 0x92");
  add("EXT1", "\x82\x01", Kind::unsupported, "opcode 0x82");
  add("PERSID", "P0\n", Kind::unsupported, "opcode 0x50");
  add("NEXT_BUFFER", "\x97", Kind::unsupported, "opcode 0x97");
  add("a protocol to come", "\x80\x09N", Kind::unsupported, "protocol 9");

  add("a call of text", text("os.system") + ")R", Kind::format, "a call of a text");
  add("a call without a tuple", global("torch", "Size") + "]R", Kind::format,
      "with a list for its arguments");
  add("a call of a storage's class", call("torch", "FloatStorage", integer(1 << 30)), Kind::format,
      "a call of 'torch.FloatStorage'");
  add("attributes of a list", "]}b", Kind::format, "attributes of a list");
  add("an item appended to a dict", "}Na", Kind::format, "items are added to a dict");
  add("a key set in a list", "]NNs", Kind::format, "items are added to a list");
  add("a key without a value", "}(Nu", Kind::format, "a key without a value");
  add("too few values", "\x86", Kind::format, "too few values");
  add("values from before a mark", "NN(\x86", Kind::format, "too few values");
  add("no value at all", "", Kind::format, "too few values");
  add("no mark", "]e", Kind::format, "no mark");
  add("a memo number never set", "h\x07", Kind::format, "memo number 7");
  add("a memo number of 4 billion", "Nr\xff\xff\xff\xff", Kind::format, "memo number 4294967295");
  add("text that is not UTF-8", text("\xff\xfe"), Kind::format, "not UTF-8");
  add("text longer than the file", "X" + little_endian(1 << 30, 4) + "a", Kind::format,
      "cut short");
  add("text of 2^63 bytes", "\x8d" + little_endian(uint64_t{1} << 63, 8), Kind::format,
      "cut short");
  add("a global without an end", "c" + std::string(1000, 'a'), Kind::format, "has no end");
  add("lists in lists", std::string(2000, ']') + std::string(1999, 'a'), Kind::format,
      "nested deeper than 64");
  add("a list in itself", "]q" + std::string(1, '\0') + "h" + std::string(1, '\0') + "a",
      Kind::format, "nested deeper than 64");
  std::string laughs = "]q" + std::string(1, '\0');
  for (char i = 0; i < 30; ++i)
    laughs +=
        std::string("](h") + i + "h" + i + "h" + i + "h" + i + "eq" + static_cast<char>(i + 1);
  add("a billion laughs", laughs, Kind::format, "too many times over");
  add("millions of values", std::string(1 << 20, ']'), Kind::format, "out of proportion");
  std::string names = "}q" + std::string(1, '\0') + text(std::string(5000, 'n'));
  add("a name of five thousand letters", names + plain_tensor() + "s", Kind::format,
      "a name of more than 4096 bytes");
  add("a size of five thousand sides",
      call("torch._utils", "_rebuild_tensor_v2",
           storage("FloatStorage", "0", 16) + "K\x01" + tuple(std::vector<int64_t>(5000, 1)) + ")"),
      Kind::format, "a tensor's size of more than 4096 values");
  add("millions of marks", std::string(1 << 20, '('), Kind::format, "out of proportion");

  auto with = [&](const std::string& what, const std::string& tensor, const std::string& words) {
    add(what, dict({{"w", tensor}}), Kind::format, words);
  };
  const std::string good = storage("FloatStorage", "0", 16);
  with("a storage that is not there", tensor(storage("FloatStorage", "7", 16), 0, {1}, {1}),
       "no storage '7'");
  with("a storage's key that climbs", tensor(storage("FloatStorage", "../version", 1), 0, {1}, {1}),
       "no storage '../version'");
  with("a storage of another length", tensor(storage("FloatStorage", "0", 8), 0, {8}, {1}),
       "has 64 bytes");
  with("a storage of another type", tensor(storage("DoubleStorage", "0", 16), 0, {16}, {1}),
       "has 64 bytes");
  with("a storage of 2^62 numbers",
       tensor(storage("FloatStorage", "0", int64_t{1} << 62), 0, {1}, {1}), "has 64 bytes");
  with("a storage of negative length", tensor(storage("FloatStorage", "0", -4), 0, {1}, {1}),
       "negative length");
  with("a storage that is text", tensor(text("0"), 0, {1}, {1}),
       "a text in the place of a storage");
  with("a storage of no class",
       tensor("(" + text("storage") + text("FloatStorage") + text("0") + text("cpu") + integer(16) +
                  "tQ",
              0, {1}, {1}),
       "a text in the place of a storage's class");
  with("a storage of the class OrderedDict",
       tensor("(" + text("storage") + global("collections", "OrderedDict") + text("0") +
                  text("cpu") + integer(16) + "tQ",
              0, {1}, {1}),
       "the class of a storage");
  with("another persistent object", tensor("(" + text("module") + "NNNNtQ", 0, {1}, {1}),
       "not a storage");
  with("a persistent object named by text", text("0") + "Q", "named by a text");
  with("a storage without a tensor", good, "not part of a tensor");
  with("a global as a value", global("torch", "Size"), "not part of a tensor");
  with("a negative stride", tensor(good, 15, {16}, {-1}), "a negative stride");
  with("a negative side", tensor(good, 0, {-1}, {1}), "negative");
  with("a negative offset", tensor(good, -1, {1}, {1}), "begins at number -1");
  with("an offset behind the end", tensor(good, 17, {0}, {1}), "begins at number 17");
  with("a reach behind the end", tensor(good, 1, {16}, {1}), "reaches number 16");
  with("a stride that overflows", tensor(good, 0, {3}, {INT64_MAX}), "reach too far");
  with("sides that overflow", tensor(good, 0, {int64_t{1} << 32, int64_t{1} << 32}, {0, 0}),
       "too large");
  with("2^40 numbers of one", tensor(good, 0, {int64_t{1} << 40}, {0}),
       "unfold to more than the file");
  with("more strides than sides", tensor(good, 0, {16}, {1, 1}), "1 sides and 2 strides");
  with("seventy sides", tensor(good, 0, std::vector<int64_t>(70, 1), std::vector<int64_t>(70, 1)),
       "70 sides");
  with("a tensor without its size", call("torch._utils", "_rebuild_tensor_v2", good + "K\x01"),
       "without storage");
  with("a size of text",
       call("torch._utils", "_rebuild_tensor_v2", good + "K\x01" + text("16") + text("1")),
       "a text in the place of a tensor's size");
  with("a side of text",
       call("torch._utils", "_rebuild_tensor_v2", good + "K\x01(" + text("16") + "t(K\x01t"),
       "a text in the place of a tensor's size");
  add("a key that is no name", "}(N" + plain_tensor() + "u", Kind::format,
      "a key: text or a number");
  add("a name twice", dict({{"w", plain_tensor()}, {"w", plain_tensor()}}), Kind::format,
      "there already");
  add("complex numbers", dict({{"w", tensor(storage("ComplexFloatStorage", "0", 8), 0, {8}, {1})}}),
      Kind::unsupported, "numbers of ComplexFloatStorage");
  return all;
}

TEST(TorchFile, HostilePicklesAreRefusedByNameAndPlace) {
  parse(file_with(dict({{"w", plain_tensor()}})));  // what the others depart from
  std::vector<Hostile> all = hostile_pickles();
  EXPECT_GE(all.size(), 50u);
  for (const Hostile& hostile : all)
    for (bool legacy : {false, true}) {
      SCOPED_TRACE(hostile.what + (legacy ? ", legacy" : ", zip"));
      std::string bytes = legacy ? legacy_with(hostile.body) : file_with(hostile.body);
      try {
        parse(bytes);
        ADD_FAILURE() << "accepted";
      } catch (const Error& error) {
        std::string message = error.what();
        // The legacy form finds a storage by a list, and says so in its own words.
        bool about_storages = legacy && message.find("storage '") != std::string::npos;
        if (!about_storages) {
          EXPECT_EQ(error.kind(), hostile.kind) << message;
          EXPECT_NE(message.find(hostile.words), std::string::npos) << message;
          EXPECT_NE(message.find("of the pickle"), std::string::npos) << message;
        }
        EXPECT_NE(message.find("reading weights.pth"), std::string::npos) << message;
      }
    }
}

TEST(TorchFile, WhatBelongsToNoKindOfItIsRefused) {
  for (const char* bytes : {"", "P", "hello, this is text", "\x89PNG\r\n\x1a\n", "\x80\x02}."})
    expect_error([&] { parse(bytes); }, Kind::format, "not a file of PyTorch");
}

TEST(TorchFile, LegacyFramesAreChecked) {
  const std::string body = dict({{"w", plain_tensor()}});
  const std::string numbers = little_endian(16, 8) + std::string(64, '\1');
  EXPECT_EQ(parse(legacy_with(body)).tensors().size(), 1u);
  auto refused = [&](const std::string& bytes, Kind kind, const std::string& words) {
    expect_error([&] { parse(bytes); }, kind, words);
  };
  refused(legacy_with(body, {"0"}, numbers + "x"), Kind::format, "1 bytes at its end");
  refused(legacy_with(body, {"0", "0"}, numbers), Kind::format, "listed twice");
  refused(legacy_with(body, {"0", "1"}, numbers + numbers), Kind::format, "no tensor says");
  refused(legacy_with(body, {}, ""), Kind::format, "no storage '0'");
  refused(legacy_with(body, {"0"}, little_endian(uint64_t{1} << 62, 8)), Kind::format,
          "are more than");
  refused(kMagic + pickle("M\xe8\x03"), Kind::unsupported, "version 1000");
  refused(kMagic + pickle("M\xe9\x03") + pickle(dict({{"little_endian", "\x89"}})),
          Kind::unsupported, "big-endian");
}

TEST(TorchFile, APartOfALegacyStorageIsAView) {
  std::string part = "(" + text("storage") + global("torch", "FloatStorage") + text("0") +
                     text("cpu") + integer(16) + "(" + text("part") + integer(4) + integer(8) +
                     "ttQ";
  std::string numbers = little_endian(16, 8);
  for (int i = 0; i < 16; ++i) numbers += std::string("\0\0\0", 3) + static_cast<char>(i);
  TorchFile file = parse(legacy_with(dict({{"w", tensor(part, 1, {2}, {1})}}), {"0"}, numbers));
  EXPECT_EQ(file.tensors()[0].bytes, std::string_view("\0\0\0\x05\0\0\0\x06", 8));
}

// Bytes of the archive's directory entry of `name`, and of its local header, to write lies into.
size_t find_after(const std::string& bytes,
                  const std::string& signature,
                  const std::string& name,
                  size_t header) {
  for (size_t at = bytes.find(signature); at != std::string::npos;
       at = bytes.find(signature, at + 1))
    if (bytes.compare(at + header, name.size(), name) == 0) return at;
  return std::string::npos;
}

TEST(TorchFile, ArchivesThatLieAreRefused) {
  const std::string whole = file_with(dict({{"w", plain_tensor()}}));
  const size_t listed = find_after(whole, "PK\1\2", "a/data/0", 46);
  ASSERT_NE(listed, std::string::npos);
  auto with = [&](size_t at, const std::string& lie) {
    std::string bytes = whole;
    return bytes.replace(at, lie.size(), lie);
  };
  auto refused = [&](const std::string& bytes, Kind kind, const std::string& words) {
    expect_error([&] { parse(bytes); }, kind, words);
  };
  refused(with(listed + 10, little_endian(8, 2)), Kind::unsupported,
          "entry 'a/data/0': it is compressed (method 8)");
  refused(with(listed + 8, little_endian(1, 2)), Kind::unsupported, "it is encrypted");
  refused(with(listed + 16, "abcd"), Kind::format,
          "entry 'a/data/0': its bytes do not give its checksum");
  refused(with(listed + 20, little_endian(1, 4)), Kind::format, "its 64 bytes take 1");
  refused(with(listed + 24, little_endian(1 << 30, 4)), Kind::format, "take 64");
  refused(with(listed + 20, little_endian(1 << 30, 4) + little_endian(1 << 30, 4)), Kind::format,
          "reach into the directory");
  refused(with(listed + 42, little_endian(3, 4)), Kind::format, "no header at byte 3");
  refused(with(listed + 42, little_endian(0, 4)), Kind::format, "another name");
  refused(with(listed, "PK\1\3"), Kind::format, "does not begin as one");
  refused(with(whole.size() - 12, little_endian(1000, 2)), Kind::format, "claims 1000 entries");
  refused(with(whole.size() - 6, little_endian(0xffffffff, 4)), Kind::format,
          "64-bit directory record is missing");
  refused(with(whole.size() - 6, little_endian(1 << 30, 4)), Kind::format, "must end before");
  refused(with(whole.size() - 18, little_endian(1, 2)), Kind::unsupported, "several volumes");

  const std::string good = pickle(dict({{"w", plain_tensor()}})), numbers(64, '\1');
  auto archive = [](std::vector<std::pair<std::string, std::string>> entries) {
    return zip_of(entries);
  };
  for (const char* name : {"../evil", "/etc/passwd", "a/../../b", "a\\b", "a/.."})
    refused(archive({{"a/data.pkl", good}, {name, ""}}), Kind::format,
            "not a path within the archive");
  refused(archive({{"a/data.pkl", good}, {"a/data/0", numbers}, {"a/data/0", numbers}}),
          Kind::format, "there twice");
  refused(archive({{"a/data/0", numbers}}), Kind::format, "without data.pkl");
  refused(archive({{"a/data.pkl", good}, {"b/data.pkl", good}}), Kind::format, "two pickles");
  refused(archive({{"a/data.pkl", good}, {"a/constants.pkl", good}}), Kind::unsupported,
          "TorchScript");
  refused(archive({{"a/data.pkl", good}, {"a/byteorder", "big"}}), Kind::unsupported, "big-endian");

  // Two entries of the directory, one place in the file.
  std::string twins = archive({{"a/data/0", numbers}, {"a/data/0", numbers}, {"a/data.pkl", good}});
  size_t first = twins.find("PK\1\2"), second = twins.find("PK\1\2", first + 1);
  twins.replace(second + 42, 4, twins.substr(first + 42, 4));
  refused(twins, Kind::format, "overlap");
}

}  // namespace
}  // namespace espalier
