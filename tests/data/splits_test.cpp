#include "espalier/data/splits.h"

#include <set>

#include "espalier/data/idx_set.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/orchard.h"
#include "espalier/data/subset.h"
#include "espalier/format/idx.h"
#include "espalier/format/png.h"

#include "tests/data/scratch_folder.h"

namespace espalier {
namespace {

using Names = std::vector<std::string>;

void write_pictures(const ScratchFolder& scratch, const std::string& folder, int count) {
  for (int i = 0; i < count; ++i)
    scratch.write(fmt::format("{}/{:03}.png", folder, i), encode_png(Image(2, 2, 1)));
}

std::set<std::string> ids(const DatasetPtr& set) {
  std::set<std::string> all;
  for (int64_t i = 0; set && i < set->size(); ++i) all.insert(set->id(i));
  return all;
}

std::vector<int64_t> per_class(const DatasetPtr& set) {
  std::vector<int64_t> counts(set->class_names().size());
  for (int64_t i = 0; i < set->size(); ++i) ++counts.at(static_cast<size_t>(set->label(i)));
  return counts;
}

TEST(Splits, HoldsOutEachClassInProportionAndLosesNothing) {
  ScratchFolder scratch("holdout");
  write_pictures(scratch, "ash", 100);
  write_pictures(scratch, "elm", 50);
  write_pictures(scratch, "oak", 2);
  Splits splits = open_splits(scratch.root(), {.val_share = 0.1, .test_share = 0.2});
  EXPECT_EQ(per_class(splits.test), (std::vector<int64_t>{20, 10, 1}));
  EXPECT_EQ(per_class(splits.val), (std::vector<int64_t>{8, 4, 0}));
  EXPECT_EQ(per_class(splits.train), (std::vector<int64_t>{72, 36, 1}));
  EXPECT_EQ(splits.class_names, (Names{"ash", "elm", "oak"}));
  EXPECT_EQ(splits.channels, 3);
  std::set<std::string> all = ids(splits.train);
  all.merge(ids(splits.val));
  all.merge(ids(splits.test));
  EXPECT_EQ(all.size(), 152u);
  EXPECT_NE(splits.description.find("109 train, 12 val, 31 test, 3 classes"), std::string::npos)
      << splits.description;
}

TEST(Splits, TheChoiceDependsOnTheSplitSeedAlone) {
  ScratchFolder scratch("seeds");
  write_pictures(scratch, "a", 40);
  write_pictures(scratch, "b", 40);
  auto test_of = [&](double val_share, int64_t seed) {
    return ids(open_splits(scratch.root(), {.val_share = val_share, .seed = seed}).test);
  };
  EXPECT_EQ(test_of(0.1, 0), test_of(0.1, 0));
  EXPECT_EQ(test_of(0.1, 0), test_of(0.3, 0));
  EXPECT_NE(test_of(0.1, 0), test_of(0.1, 1));
  Splits none = open_splits(scratch.root(), {.val_share = 0, .test_share = 0});
  EXPECT_EQ(none.val, nullptr);
  EXPECT_EQ(none.test, nullptr);
  EXPECT_EQ(none.train->size(), 80);
}

TEST(Splits, FoldersThatAreThereAreTheParts) {
  for (const char* val : {"val", "valid", "validation"}) {
    ScratchFolder scratch("parts");
    for (const std::string& part : {std::string("train"), std::string(val), std::string("test")})
      for (const char* name : {"/a", "/b"})
        write_pictures(scratch, part + name, part == "train" ? 6 : 2);
    Splits splits = open_splits(scratch.root(), {});
    EXPECT_EQ(splits.train->size(), 12);
    EXPECT_EQ(splits.val->size(), 4);
    EXPECT_EQ(splits.test->size(), 4);
    EXPECT_EQ(splits.val->id(3), std::string(val) + "/b/001.png");
    EXPECT_EQ(splits.val->label(3), 1);
    EXPECT_EQ(open_images(scratch.root())->id(0), "test/a/000.png");
  }
}

TEST(Splits, WithoutAValidationFolderSomeOfTrainIsHeldOut) {
  ScratchFolder scratch("noval");
  for (const char* name : {"train/a", "train/b", "test/a", "test/b"})
    write_pictures(scratch, name, 20);
  Splits splits = open_splits(scratch.root(), {.val_share = 0.25});
  EXPECT_EQ(splits.train->size(), 30);
  EXPECT_EQ(splits.val->size(), 10);
  EXPECT_EQ(splits.test->size(), 40);
}

TEST(Splits, ATrainMayBeAClass) {
  ScratchFolder scratch("vehicles");
  for (const char* name : {"bus", "car", "train"}) write_pictures(scratch, name, 5);
  EXPECT_EQ(open_splits(scratch.root(), {}).class_names, (Names{"bus", "car", "train"}));
}

TEST(Splits, SaysWhichFoldersDiffer) {
  ScratchFolder scratch("differ");
  for (const char* name : {"train/a", "train/b", "test/a", "test/b"})
    write_pictures(scratch, name, 2);
  auto open = [&] { open_splits(scratch.root(), {}); };
  EXPECT_NO_THROW(open());
  write_pictures(scratch, "test/c", 1);
  expect_error(open, Kind::data, "'c' is only in test/");
  fs::remove_all(scratch.root() / "test" / "c");
  write_pictures(scratch, "train/d", 2);
  expect_error(open, Kind::data, "'d' is only in train/");
  fs::remove_all(scratch.root() / "test");
  write_pictures(scratch, "test", 3);
  expect_error(open, Kind::data, "test holds 3 pictures but no class folders");
  fs::remove_all(scratch.root() / "test");
  make_folder(scratch.root() / "test");
  expect_error(open, Kind::data, "no pictures (jpg, jpeg, png) in");
  fs::remove_all(scratch.root() / "train");
  expect_error(open, Kind::data, "no train/");
}

TEST(Splits, SaysWhatIsMissing) {
  ScratchFolder scratch("missing");
  auto open = [](const std::string& where) { return [where] { open_splits(where, {}); }; };
  expect_error(open(scratch.root() / "none"), Kind::io, "does not exist");
  expect_error(open(scratch.root()), Kind::data, "no pictures");
  scratch.write("photos.zip", "PK");
  expect_error(open(scratch.root() / "photos.zip"), Kind::data, "unpack");
  write_pictures(scratch, "a", 1);
  write_pictures(scratch, "b", 1);
  expect_error(open(scratch.root()), Kind::data, "test_share to 0");
}

// Labels 0..classes-1 in turn; every pixel of picture i is i.
void write_idx_part(const ScratchFolder& scratch,
                    const std::string& stem,
                    int count,
                    int classes,
                    const char* joint = "-") {
  std::string pixels, labels;
  for (int i = 0; i < count; ++i) {
    pixels += std::string(6, static_cast<char>(i));
    labels += static_cast<char>(i % classes);
  }
  scratch.write(stem + "-images" + joint + "idx3-ubyte",
                encode_idx(IdxType::u8, {count, 2, 3}, pixels));
  scratch.write(stem + "-labels" + joint + "idx1-ubyte", encode_idx(IdxType::u8, {count}, labels));
}

TEST(IdxSet, ReadsBothSpellingsAndHoldsOutValidation) {
  for (const char* joint : {"-", "."}) {
    ScratchFolder scratch("idx");
    write_idx_part(scratch, "train", 40, 4, joint);
    write_idx_part(scratch, "t10k", 12, 3, joint);
    Splits splits = open_splits(scratch.root(), {});
    EXPECT_EQ(splits.channels, 1);
    EXPECT_EQ(splits.class_names, (Names{"0", "1", "2", "3"}));
    EXPECT_EQ(splits.train->size(), 36);
    EXPECT_EQ(splits.val->size(), 4);
    EXPECT_EQ(splits.test->size(), 12);
    EXPECT_EQ(splits.test->class_names().size(), 4u);
    Sample sample = splits.test->read(7);
    EXPECT_EQ(sample.image, Image(3, 2, 1, 7));
    EXPECT_EQ(sample.truth.labels[0].id, 1);
    EXPECT_EQ(open_images(scratch.root())->size(), 12);
  }
}

TEST(IdxSet, FashionHasItsNames) {
  ScratchFolder scratch("Fashion");
  write_idx_part(scratch, "train", 40, 10);
  EXPECT_EQ(read_idx_set(scratch.root(), IdxPart::train)->class_names()[9], "Ankle boot");
}

TEST(IdxSet, SaysWhatIsWrong) {
  ScratchFolder scratch("badidx");
  auto open = [&] { open_splits(scratch.root(), {}); };
  write_idx_part(scratch, "train", 10, 2);
  write_idx_part(scratch, "t10k", 6, 3);
  expect_error(open, Kind::data, "label 2, but there are 2 classes");
  scratch.write("train-labels-idx1-ubyte", encode_idx(IdxType::u8, {9}, std::string(9, '\1')));
  expect_error(open, Kind::data, "10 pictures but 9 labels");
  scratch.write("train-images-idx3-ubyte", "\x89PNG....");
  expect_error(open, Kind::format, "train-images-idx3-ubyte: not an IDX file");
  scratch.write("train-images-idx3-ubyte", encode_idx(IdxType::u8, {6}, std::string(6, '\0')));
  expect_error(open, Kind::format, "3 of bytes");
  scratch.write("train-images-idx3-ubyte", encode_idx(IdxType::u8, {0, 2, 3}, ""));
  scratch.write("train-labels-idx1-ubyte", encode_idx(IdxType::u8, {0}, ""));
  expect_error(open, Kind::data, "no pictures");
  fs::remove(scratch.root() / "train-images-idx3-ubyte");
  expect_error(open, Kind::io, "train-images-idx3-ubyte does not exist");
  scratch.write("train-images-idx3-ubyte.gz", "\x1f\x8b\x08");
  expect_error(open, Kind::unsupported, "gunzip");
}

TEST(Splits, TheOrchardIsNamedWithItsKnobs) {
  Splits splits = open_splits("orchard:twins,size=48,classes=4,train=12,val=8,test=4", {});
  EXPECT_EQ(splits.train->size(), 12);
  EXPECT_EQ(splits.val->size(), 8);
  EXPECT_EQ(splits.test->size(), 4);
  EXPECT_EQ(splits.class_names.size(), 4u);
  EXPECT_EQ(splits.train->read(0).image.width, 48);
  EXPECT_EQ(open_splits("orchard:train=10,val=0,test=0", {}).val, nullptr);
  expect_error([] { open_splits("orchard:twins,marc=0.2", {}); }, Kind::usage, "mark");
  expect_error([] { open_splits("orchard:trees", {}); }, Kind::usage, "orchard:trees");
}

TEST(OpenImages, TakesFoldersAndSinglePictures) {
  ScratchFolder scratch("images");
  write_pictures(scratch, ".", 3);
  DatasetPtr plain = open_images(scratch.root());
  EXPECT_EQ(plain->size(), 3);
  EXPECT_EQ(plain->label(0), -1);
  DatasetPtr one = open_images(scratch.root() / "001.png");
  EXPECT_EQ(one->size(), 1);
  EXPECT_EQ(one->read(0).id, "001.png");
  write_pictures(scratch, "only", 2);
  DatasetPtr labelled = open_images(scratch.root());
  EXPECT_EQ(labelled->size(), 2);
  EXPECT_EQ(labelled->label(1), 0);
  expect_error([&] { open_images(scratch.root() / "none"); }, Kind::io, "does not exist");
}

TEST(Subset, KeepsOrderAndRefusesForeignIndices) {
  DatasetPtr whole = make_plain_images("x", {"a.png", "b.png", "c.png"});
  DatasetPtr part = subset(whole, {2, 0});
  EXPECT_EQ(part->id(0), "c.png");
  EXPECT_EQ(part->id(1), "a.png");
  EXPECT_THROW(subset(whole, {3}), Error);
  EXPECT_THROW(hold_out(*whole, 1.0, Random(1)), Error);
}

}  // namespace
}  // namespace espalier
