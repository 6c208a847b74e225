#include "espalier/data/image_folder.h"

#include <ctime>

#include "espalier/format/jpeg.h"
#include "espalier/format/png.h"

#include "tests/data/scratch_folder.h"

namespace espalier {
namespace {

using Names = std::vector<std::string>;

Names class_names(const FolderListing& listing) {
  Names names;
  for (const FolderListing::Class& one : listing.classes) names.push_back(one.name);
  return names;
}

TEST(ImageFolder, ListsClassesAndPicturesInOrder) {
  ScratchFolder scratch("listing");
  for (const char* name : {"dog/2.PNG", "dog/10.jpeg", "dog/old/deep/1.Jpg", "cat/z.jpg",
                           "cat/a.png", "loose.jpg", "dog/notes.txt", "dog/.hidden.jpg",
                           ".cache/1.jpg", "dog/.thumbs/1.jpg", "readme.md", "cat/jpg"})
    scratch.write(name, "");
  FolderListing listing = list_pictures(scratch.root());
  EXPECT_EQ(class_names(listing), (Names{"cat", "dog"}));
  EXPECT_EQ(listing.classes[0].files, (Names{"cat/a.png", "cat/z.jpg"}));
  EXPECT_EQ(listing.classes[1].files, (Names{"dog/10.jpeg", "dog/2.PNG", "dog/old/deep/1.Jpg"}));
  EXPECT_EQ(listing.loose, (Names{"loose.jpg"}));
  EXPECT_EQ(listing.pictures(), 5);
}

TEST(ImageFolder, LinksAreFollowedButNotInCircles) {
  ScratchFolder scratch("links"), elsewhere("elsewhere");
  scratch.write("cat/1.jpg", "");
  scratch.write("dog/1.jpg", "");
  elsewhere.write("far.jpg", "");
  fs::create_directory_symlink(scratch.root() / "cat", scratch.root() / "cat" / "self");
  fs::create_directory_symlink(scratch.root(), scratch.root() / "dog" / "up");
  fs::create_directory_symlink(elsewhere.root(), scratch.root() / "dog" / "store");
  fs::create_directory_symlink(elsewhere.root(), scratch.root() / "dog" / "twice");
  fs::create_symlink("nowhere.jpg", scratch.root() / "dog" / "broken.jpg");
  FolderListing listing = list_pictures(scratch.root());
  EXPECT_EQ(listing.classes[0].files, (Names{"cat/1.jpg"}));
  EXPECT_EQ(listing.classes[1].files, (Names{"dog/1.jpg", "dog/broken.jpg", "dog/store/far.jpg"}));
}

TEST(ImageFolder, ReadsRgbWithTheLabelOfItsFolder) {
  ScratchFolder scratch("read");
  write_png(scratch.root() / "leaf" / "gray.png", Image(6, 4, 1, 99));
  write_jpeg(scratch.root() / "stem" / "large.jpg", Image(160, 120, 3, 50), 95);
  scratch.write("stem/broken.jpg", "\xff\xd8 no picture");
  DatasetPtr set = make_image_folder(scratch.root());
  ASSERT_EQ(set->size(), 3);
  EXPECT_EQ(set->class_names(), (Names{"leaf", "stem"}));
  Sample leaf = set->read(0);
  EXPECT_EQ(leaf.image, Image(6, 4, 3, 99));
  EXPECT_EQ(leaf.truth.labels, (std::vector<Label>{{.id = 0}}));
  EXPECT_EQ(leaf.truth.width, 6);
  EXPECT_EQ(leaf.id, "leaf/gray.png");
  EXPECT_EQ(set->label(2), 1);
  Sample small = set->read(2, 30);
  EXPECT_EQ(small.image.height, 30);
  EXPECT_EQ(small.truth.width, small.image.width);
  expect_error([&] { set->read(1); }, Kind::format, "stem/broken.jpg");
}

TEST(ImageFolder, PlainImagesHaveNoClass) {
  ScratchFolder scratch("plain");
  write_png(scratch.root() / "one.png", Image(3, 3, 3, 1));
  DatasetPtr set = make_plain_images(scratch.root(), {"one.png"});
  EXPECT_EQ(set->label(0), -1);
  EXPECT_TRUE(set->read(0).truth.labels.empty());
  EXPECT_TRUE(set->class_names().empty());
}

TEST(ImageFolder, SaysWhatIsWrongAndWhatIsExpected) {
  ScratchFolder scratch("wrong");
  auto open = [&] { make_image_folder(scratch.root()); };
  expect_error([&] { list_pictures(scratch.root() / "none"); }, Kind::io, "does not exist");
  expect_error(open, Kind::data, "no pictures");
  expect_error(open, Kind::data, "cat/1.jpg");
  scratch.write("1.jpg", "");
  expect_error(open, Kind::data, "1 pictures but no class folders");
  scratch.write("only/note.txt", "");
  expect_error(open, Kind::data, "hold no pictures");
  scratch.write("only/1.jpg", "");
  expect_error(open, Kind::data, "only one class, 'only'");
  make_folder(scratch.root() / "void");
  expect_error(open, Kind::data, "void holds no pictures");
  scratch.write("void/1.jpg", "");
  EXPECT_NO_THROW(open());
}

TEST(ImageFolder, ListingOpensNothing) {
  ScratchFolder scratch("many");
  for (int i = 0; i < 5000; ++i) scratch.write(fmt::format("c{}/{:05}.jpg", i % 5, i), "");
  std::clock_t start = std::clock();
  EXPECT_EQ(list_pictures(scratch.root()).pictures(), 5000);
  // Ten times the processor time it takes; opening the files, or asking the system for each, takes longer.
  EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC / 2);
}

}  // namespace
}  // namespace espalier
