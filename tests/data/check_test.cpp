#include "espalier/data/check.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "espalier/core/random.h"
#include "espalier/data/findings.h"
#include "espalier/data/transform.h"
#include "espalier/format/idx.h"
#include "espalier/format/jpeg.h"
#include "espalier/format/png.h"

#include "tests/data/scratch_folder.h"

namespace espalier {
namespace {

// Smooth blobs, different for every seed, as photographs differ.
Image blobs(uint64_t seed, int width = 64, int height = 48) {
  Random random = Random(seed).stream("blobs");
  Image coarse(6, 5, 3);
  for (uint8_t& v : coarse.pixels) v = static_cast<uint8_t>(random.uniform(0, 255));
  return resize(coarse, width, height);
}

std::vector<std::string> ids(const DataCheck& check, const DataCheck::Copies& group) {
  std::vector<std::string> all;
  for (size_t i : group.members) all.push_back(check.pictures[i].id);
  return all;
}

using Names = std::vector<std::string>;

TEST(Fingerprint, KnowsCopiesEncodedOrScaledAnew) {
  int alike = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Image image = blobs(seed, 200, 150);
    const Fingerprint print = fingerprint(image);
    EXPECT_TRUE(looks_alike(print, fingerprint(decode_jpeg(encode_jpeg(image, 60)))));
    EXPECT_TRUE(looks_alike(print, fingerprint(resize(image, 97, 81))));
    alike += looks_alike(print, fingerprint(blobs(seed + 1000, 200, 150)));
  }
  EXPECT_EQ(alike, 0);
  const Fingerprint plain = fingerprint(Image(40, 40, 3, 100));
  EXPECT_FALSE(looks_alike(plain, plain)) << "without structure nothing can be told";
}

TEST(Duplicates, FindsWhatComparingAllPairsFinds) {
  std::vector<PictureFacts> facts;
  for (uint64_t i = 0; i < 120; ++i) {
    Image image = blobs(i % 50);
    Random random = Random(i).stream("noise");
    for (uint8_t& v : image.pixels)
      v = static_cast<uint8_t>(
          std::clamp(v + random.uniform(-9.0, 9.0) * static_cast<double>(i % 3), 0.0, 255.0));
    facts.push_back({.content = i, .bytes = 1, .print = fingerprint(image)});
  }
  facts[7] = facts[3];
  std::vector<const PictureFacts*> all;
  for (const PictureFacts& one : facts) all.push_back(&one);
  all[99] = nullptr;
  std::vector<size_t> group_of(facts.size());
  const std::vector<DuplicateGroup> groups = find_duplicates(all);
  for (size_t g = 0; g < groups.size(); ++g)
    for (size_t i : groups[g].members) group_of[i] = g + 1;
  int pairs = 0;
  for (size_t a = 0; a < facts.size(); ++a)
    for (size_t b = 0; b < a; ++b)
      if (all[a] && all[b] && looks_alike(facts[a].print, facts[b].print)) {
        ++pairs;
        EXPECT_TRUE(group_of[a] != 0 && group_of[a] == group_of[b]) << a << " " << b;
      }
  EXPECT_GT(pairs, 40);
  EXPECT_EQ(group_of[3], group_of[7]) << "the same bytes";
  EXPECT_EQ(group_of[99], 0u);
  EXPECT_EQ(find_duplicates(all, false).size(), 1u);
  EXPECT_TRUE(find_duplicates(all, false)[0].exact);
}

TEST(DataCheck, FindsLeaksConflictsCopiesAndBrokenFiles) {
  ScratchFolder scratch("check");
  const auto write = [&](const std::string& name, uint64_t seed) {
    scratch.write(name, encode_png(blobs(seed)));
  };
  for (uint64_t i = 0; i < 6; ++i) {
    write(fmt::format("train/ash/{}.png", i), i);
    write(fmt::format("train/elm/{}.png", i), 100 + i);
  }
  write("test/ash/0.png", 200);
  write("test/elm/0.png", 201);
  EXPECT_FALSE(check_data(scratch.root(), {}, {}).harmful());

  write("test/ash/leak.png", 2);  // the same bytes as train/ash/2.png
  scratch.write("train/ash/near.jpg",
                encode_jpeg(blobs(100), 80));  // train/elm/0.png, otherwise labelled
  write("test/elm/twice.png", 201);            // inside the test part
  scratch.write("train/elm/cut.jpg", encode_jpeg(blobs(300), 90).substr(0, 700));
  const DataCheck check = check_data(scratch.root(), {.val_share = 0}, {.workers = 2});
  EXPECT_TRUE(check.harmful());
  EXPECT_EQ(check.pictures.size(), 18u);
  EXPECT_EQ(check.broken(), 1);
  EXPECT_EQ(check.leaked(), 1);
  ASSERT_EQ(check.copies.size(), 3u);
  EXPECT_EQ(ids(check, check.copies[0]), (Names{"train/ash/2.png", "test/ash/leak.png"}));
  EXPECT_TRUE(check.copies[0].leak && check.copies[0].exact && !check.copies[0].conflict);
  EXPECT_EQ(ids(check, check.copies[1]), (Names{"train/ash/near.jpg", "train/elm/0.png"}));
  EXPECT_TRUE(check.copies[1].conflict && !check.copies[1].exact);
  EXPECT_EQ(ids(check, check.copies[2]), (Names{"test/elm/0.png", "test/elm/twice.png"}));
  EXPECT_EQ(check.parts[0].per_class, (std::vector<int64_t>{7, 7}));
  EXPECT_EQ(check.parts[0].broken, 1);
  EXPECT_EQ(check.pictures[0].width, 64);

  const nlohmann::ordered_json json = to_json(check);
  EXPECT_EQ(json["leaks"]["groups"], 1);
  EXPECT_EQ(json["broken"]["listed"][0]["id"], "train/elm/cut.jpg");
  EXPECT_EQ(json["parts"]["test"]["classes"]["ash"], 2);
  const std::vector<Finding> found = findings(check);
  ASSERT_GE(found.size(), 4u);
  EXPECT_NE(found[0].text.find("1 picture outside of train has a copy"), std::string::npos)
      << found[0].text;
}

TEST(DataCheck, TakesWhatTrainingRefusesAndSaysSo) {
  ScratchFolder scratch("refused");
  for (const char* name : {"train/a/1.png", "train/b/1.png", "test/a/1.png", "test/c/1.png"})
    scratch.write(name, encode_png(blobs(std::hash<std::string>()(name))));
  const DataCheck check = check_data(scratch.root(), {}, {});
  EXPECT_NE(check.refusal.find("'b' is only in train"), std::string::npos) << check.refusal;
  EXPECT_TRUE(check.harmful());
  const std::vector<DataCheck::Absence> absences = check.absences();
  ASSERT_EQ(absences.size(), 2u);
  EXPECT_EQ(absences[1].parts, (Names{"train"}));
  ScratchFolder loose("loose");
  loose.write("1.png", encode_png(blobs(1)));
  loose.write("2.png", encode_png(blobs(2)));
  EXPECT_EQ(check_data(loose.root(), {}, {}).parts[0].unlabelled, 2);
  expect_error([&] { check_data(scratch.root() / "none", {}, {}); }, Kind::io, "does not exist");
}

TEST(DataCheck, IdxAndTables) {
  ScratchFolder scratch("kinds");
  std::string pixels(40 * 64, '\0'), labels(40, '\0');
  for (size_t i = 0; i < 40; ++i) {
    const Image gray = decode_png(encode_png(blobs(i, 8, 8)), Channels::gray);
    std::copy(gray.pixels.begin(), gray.pixels.end(),
              pixels.begin() + static_cast<std::ptrdiff_t>(64 * i));
    labels[i] = static_cast<char>(i % 2);
  }
  scratch.write("train-images-idx3-ubyte", encode_idx(IdxType::u8, {40, 8, 8}, pixels));
  scratch.write("train-labels-idx1-ubyte", encode_idx(IdxType::u8, {40}, labels));
  const DataCheck idx = check_data(scratch.root(), {}, {});
  EXPECT_EQ(idx.pictures.size(), 40u);
  EXPECT_EQ(idx.parts.size(), 3u);
  EXPECT_EQ(idx.pictures[0].width, 8);

  std::string table = "path,labels\n";
  for (uint64_t i = 0; i < 8; ++i) {
    scratch.write(fmt::format("t/{}.png", i), encode_png(blobs(i)));
    table += fmt::format("{}.png,{}\n", i, i % 2 ? "x;y" : "x");
  }
  scratch.write("t/m.csv", table);
  const DataCheck multi =
      check_data(scratch.root() / "t/m.csv", {.val_share = 0, .test_share = 0}, {});
  EXPECT_EQ(multi.parts[0].per_class, (std::vector<int64_t>{8, 4}));
  EXPECT_EQ(multi.imbalance(), 2);
}

}  // namespace
}  // namespace espalier
