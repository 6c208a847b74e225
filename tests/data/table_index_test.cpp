// Tables and folders with metadata as `--data` meets them.
#include "espalier/data/image_index.h"
#include "espalier/data/splits.h"
#include "espalier/format/png.h"

#include "tests/data/scratch_folder.h"

namespace espalier {
namespace {

using Names = std::vector<std::string>;

void write_pictures(const ScratchFolder& scratch, const std::string& folder, int count) {
  for (int i = 0; i < count; ++i)
    scratch.write(fmt::format("{}/{}.png", folder, i), encode_png(Image(2, 2, 1)));
}

TEST(TableIndex, ReadsRowsBesideTheTable) {
  ScratchFolder scratch("table");
  write_pictures(scratch, "img", 6);
  scratch.write("labels.csv",
                "path,label,split\nimg/0.png,10,train\nimg/1.png,9,train\nimg/2.png,10,test\n"
                "img/3.png,9,test\nimg/4.png,9,train\nimg/5.png,10,train\n");
  Splits splits = open_splits(scratch.root() / "labels.csv", {.val_share = 0.5});
  EXPECT_EQ(splits.class_names, (Names{"9", "10"}));
  EXPECT_EQ(splits.train->size(), 2);
  EXPECT_EQ(splits.val->size(), 2);
  EXPECT_EQ(splits.test->size(), 2);
  EXPECT_EQ(splits.test->id(0), "img/2.png");
  EXPECT_EQ(splits.test->read(0).truth.labels, (std::vector<Label>{{.id = 1}}));
  EXPECT_NE(splits.description.find("table"), std::string::npos);
  EXPECT_EQ(open_images(scratch.root() / "labels.csv")->id(1), "img/3.png");
}

TEST(TableIndex, WithoutSplitsSomeAreHeldOut) {
  ScratchFolder scratch("nosplit");
  write_pictures(scratch, ".", 10);
  std::string table = "path\tlabel\n";
  for (int i = 0; i < 10; ++i) table += fmt::format("{}.png\t{}\n", i, i % 2 ? "a" : "b");
  scratch.write("labels.tsv", table);
  Splits splits = open_splits(scratch.root() / "labels.tsv", {});
  EXPECT_EQ(splits.train->size(), 6);
  EXPECT_EQ(splits.val->size(), 2);
  EXPECT_EQ(splits.test->size(), 2);
}

TEST(TableIndex, SeveralLabelsAPicture) {
  ScratchFolder scratch("multi");
  write_pictures(scratch, ".", 8);
  std::string table = "path,labels\n";
  for (int i = 0; i < 8; ++i)
    table += fmt::format("{}.png,{}\n", i, i == 7 ? "" : i < 2 ? "b;c" : "c;a");
  scratch.write("m.csv", table);
  Splits splits = open_splits(scratch.root() / "m.csv", {.val_share = 0.5, .test_share = 0});
  EXPECT_TRUE(splits.multi_label);
  EXPECT_EQ(splits.class_names, (Names{"a", "b", "c"}));
  const ImageIndex index = read_image_index(scratch.root() / "m.csv");
  DatasetPtr all = make_dataset(index, index.parts[0]);
  EXPECT_EQ(all->read(0).truth.labels, (std::vector<Label>{{.id = 1}, {.id = 2}}));
  EXPECT_EQ(all->label(0), 1) << "the rarest";
  EXPECT_EQ(all->label(7), -1);
  int rare = 0;
  for (int64_t i = 0; i < splits.val->size(); ++i) rare += splits.val->label(i) == 1;
  EXPECT_EQ(rare, 1) << "half of the rare class is held out";
}

TEST(TableIndex, MetadataOfTheRootAndOfParts) {
  ScratchFolder scratch("meta");
  for (const char* part : {"train", "test"}) write_pictures(scratch, part, 4);
  std::string whole;
  for (const std::string part : {"train", "test"}) {
    std::string rows = "file_name,label\n";
    for (int i = 0; i < 4; ++i) {
      rows += fmt::format("{}.png,{}\n", i, i % 2 ? "cat" : "dog");
      whole += fmt::format("{{\"file_name\": \"{}/{}.png\", \"label\": \"{}\"}}\n", part, i,
                           i % 2 ? "cat" : "dog");
    }
    scratch.write(part + "/metadata.csv", rows);
  }
  for (const bool at_root : {false, true}) {
    if (at_root) scratch.write("metadata.jsonl", whole);
    Splits splits = open_splits(scratch.root(), {.val_share = 0});
    EXPECT_EQ(splits.train->size(), 4);
    EXPECT_EQ(splits.test->size(), 4);
    EXPECT_EQ(splits.test->id(3), "test/3.png");
    EXPECT_EQ(splits.test->label(3), 0);
    EXPECT_NE(splits.description.find(at_root ? "metadata.jsonl" : "metadata.csv"),
              std::string::npos);
  }
  scratch.write("metadata.csv", "file_name,label\n");
  expect_error([&] { open_splits(scratch.root(), {}); }, Kind::data, "both metadata");
}

TEST(TableIndex, SaysWhatIsWrong) {
  ScratchFolder scratch("wrongtable");
  write_pictures(scratch, "img", 4);
  const auto open = [&](const std::string& where) {
    return [&scratch, where] { open_splits(scratch.root() / where, {}); };
  };
  scratch.write("a.csv", "path,label\n0.png,cat\n1.png,dog\n");
  expect_error(open("a.csv"), Kind::data, "a.csv, line 2: ");
  expect_error(open("a.csv"), Kind::data, "relative to the table's folder");
  expect_error(open(""), Kind::data, "name the table: ");
  scratch.write("a.csv", "path,label\nimg/0.png,cat\n");
  expect_error(open("a.csv"), Kind::data, "names 1 classes");
  scratch.write("a.csv", "path,label,split\nimg/0.png,cat,train\nimg/1.png,dog,test\n");
  expect_error(open("a.csv"), Kind::data, "'dog' has no picture in the train split");
  scratch.write("a.csv", "path,label,split\nimg/0.png,cat,test\nimg/1.png,dog,test\n");
  expect_error(open("a.csv"), Kind::data, "is of the train split");
  scratch.write("a.csv", "path,label\nimg/0.png\n");
  expect_error(open("a.csv"), Kind::format, "a.csv: line 2: 1 cells");
}

}  // namespace
}  // namespace espalier
