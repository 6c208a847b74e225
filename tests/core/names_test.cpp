#include "espalier/core/names.h"

#include <gtest/gtest.h>

#include "espalier/core/random.h"

namespace espalier {
namespace {

TEST(EditDistance, MatchesTextbookPairs) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
  EXPECT_EQ(edit_distance("saturday", "sunday"), 3);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("ab", "ba"), 1);  // a swap is one slip
  EXPECT_EQ(edit_distance("ca", "abc"),
            3);  // the restricted distance: no edit inside a swapped pair
}

TEST(EditDistance, IsSymmetricAndZeroOnlyForEqualWords) {
  Random random(5);
  auto word = [&] {
    std::string text(static_cast<size_t>(random.below(7)), ' ');
    for (char& c : text) c = static_cast<char>('a' + random.below(3));
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    std::string a = word(), b = word();
    EXPECT_EQ(edit_distance(a, b), edit_distance(b, a)) << a << " " << b;
    EXPECT_EQ(edit_distance(a, b) == 0, a == b);
    EXPECT_LE(edit_distance(a, b), static_cast<int>(std::max(a.size(), b.size())));
  }
}

TEST(NearestName, OffersLikelySlipsOnly) {
  const std::vector<std::string> models = {"resnet18", "resnet34", "resnet50", "mobilenet_v2"};
  EXPECT_EQ(nearest_name("resnet19", models), "resnet18");
  EXPECT_EQ(nearest_name("renset50", models), "resnet50");
  EXPECT_EQ(nearest_name("mobilenetv2", models), "mobilenet_v2");
  EXPECT_EQ(nearest_name("transformer", models), "");
  EXPECT_EQ(nearest_name("ab", {"lr", "bn"}), "");  // any two short words are close
  EXPECT_EQ(nearest_name("lrr", {"lr", "bn"}), "lr");
}

TEST(UnknownName, GivesAdvice) {
  EXPECT_EQ(unknown_name("model", "resnet19", {"resnet18", "vgg16"}),
            "unknown model 'resnet19' (did you mean resnet18?)");
  EXPECT_EQ(unknown_name("task", "xyzzy", {"classify", "detect"}),
            "unknown task 'xyzzy' (known: classify, detect)");
}

TEST(FindNamed, FindsTheRowOrThrowsUsage) {
  struct Row {
    std::string name;
    int value;
  };
  const std::vector<Row> rows = {{"one", 1}, {"three", 3}};
  EXPECT_EQ(find_named(rows, "three", "number").value, 3);
  try {
    find_named(rows, "tree", "number");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::usage);
    EXPECT_STREQ(error.what(), "unknown number 'tree' (did you mean three?)");
  }
}

}  // namespace
}  // namespace espalier
