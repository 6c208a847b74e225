#include "espalier/format/idx.h"

#include "tests/format/broken_bytes.h"

namespace espalier {
namespace {

using namespace std::string_literals;

// The header bytes of MNIST's own files, as its page describes them: 0x00000803, count, rows, columns.
TEST(Idx, ReadsTheLayoutOfMnist) {
  Idx images = parse_idx("\0\0\x08\x03\0\0\0\x02\0\0\0\x03\0\0\0\x02"s + "abcdefghijkl");
  EXPECT_EQ(images.type, IdxType::u8);
  EXPECT_EQ(images.shape, (std::vector<int64_t>{2, 3, 2}));
  EXPECT_EQ(images.numbers(), "abcdefghijkl");
  Idx numbers = parse_idx("\0\0\x0d\x01\0\0\0\x02"s + "\x3f\x80\0\0\xc0\0\0\0"s);
  EXPECT_EQ(numbers.type, IdxType::f32);
  EXPECT_EQ(numbers.numbers().size(), 8u);
  EXPECT_TRUE(parse_idx("\0\0\x08\x02\0\0\0\0\0\0\0\x05"s).numbers().empty());
}

TEST(Idx, WritesWhatItReads) {
  std::string bytes = encode_idx(IdxType::i16, {2, 2}, "12345678");
  EXPECT_EQ(bytes, "\0\0\x0b\x02\0\0\0\x02\0\0\0\x02"s + "12345678");
  EXPECT_EQ(parse_idx(bytes).numbers(), "12345678");
  EXPECT_THROW(encode_idx(IdxType::u8, {3}, "12"), Error);
}

TEST(Idx, LocatesEveryLie) {
  auto parse = [](const std::string& bytes) { return [bytes] { parse_idx(bytes); }; };
  expect_error(parse("\0\0"s), Kind::format, "too few");
  expect_error(parse("\x1f\x8b\x08\0"s), Kind::unsupported, "gunzip");
  expect_error(parse("\0\0\x07\x01\0\0\0\0"s), Kind::format, "00 00 07 01");
  expect_error(parse("\x89PNG"s), Kind::format, "89 50 4e 47");
  expect_error(parse("\0\0\x08\0"s), Kind::format, "not an IDX");
  expect_error(parse("\0\0\x08\x03\0\0\0\x02"s), Kind::format, "lengths of its 3");
  expect_error(parse("\0\0\x08\x01\0\0\0\x05"s + "abcd"), Kind::format,
               "says 5 numbers of 1 bytes but holds 4");
  expect_error(parse("\0\0\x08\x01\0\0\0\x03"s + "abcd"), Kind::format, "too long");
  expect_error(parse("\0\0\x0e\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"s), Kind::format,
               "4294967295 x 4294967295 x 4294967295");
}

TEST(Idx, AnyCutIsAnErrorAndFlippedBitsNeverCrash) {
  std::string bytes = encode_idx(IdxType::u8, {3, 2, 2}, "abcdefghijkl");
  auto parse = [](const std::string& broken) { parse_idx(broken); };
  expect_every_cut_refused(bytes, parse);
  flip_bits(bytes, parse);
}

}  // namespace
}  // namespace espalier
