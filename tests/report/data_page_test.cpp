#include "espalier/report/data_page.h"

#include "espalier/data/orchard.h"
#include "espalier/data/write.h"
#include "espalier/format/png.h"

#include "tests/data/scratch_folder.h"

namespace espalier {
namespace {

size_t count_of(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(DataPage, ShowsFindingsAndPicturesAndLoadsNothing) {
  ScratchFolder scratch("datapage");
  for (const auto& [part, split] :
       {std::pair{"train", OrchardSplit::train}, {"test", OrchardSplit::test}})
    write_image_folder(*make_orchard({.classes = 2, .size = 40, .train = 12, .test = 6}, split),
                       scratch.root() / part, {});
  fs::path one;
  for (const auto& entry : fs::recursive_directory_iterator(scratch.root() / "train"))
    if (entry.is_regular_file()) one = entry.path();
  const fs::path name = one.parent_path().filename();
  fs::copy_file(one, scratch.root() / "test" / name / "<b>copy.png");
  scratch.write("train/" + name.string() + "/bad.png", "no picture");
  const DataCheck check = check_data(scratch.root(), {}, {});
  const std::string page = data_page(check);
  EXPECT_NE(page.find("In train and elsewhere (1)"), std::string::npos);
  EXPECT_NE(page.find("Unreadable files (1)"), std::string::npos);
  EXPECT_NE(page.find("&lt;b&gt;copy.png"), std::string::npos);
  EXPECT_EQ(page.find("<b>copy"), std::string::npos);
  EXPECT_EQ(page.find("src=\"http"), std::string::npos);
  EXPECT_GE(count_of(page, "<img "), 12u);
  EXPECT_EQ(count_of(page, "<img "), count_of(page, "data:image/jpeg;base64,"));
}

}  // namespace
}  // namespace espalier
