#include "espalier/data/label_table.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

using Words = std::vector<std::string>;

TEST(LabelTable, ColumnsInAnyOrderAndCase) {
  LabelTable table = parse_label_csv(
      "Split, note ,LABEL,Path\n"
      "train,x, cat ,a.jpg\n"
      "Validation,,dog,b.jpg\n"
      "TEST,,cat,c/d.jpg\n");
  EXPECT_FALSE(table.multi_label);
  EXPECT_TRUE(table.has_split);
  ASSERT_EQ(table.rows.size(), 3u);
  EXPECT_EQ(table.rows[0].file, "a.jpg");
  EXPECT_EQ(table.rows[0].labels, (Words{"cat"}));
  EXPECT_EQ(table.rows[1].split, "val");
  EXPECT_EQ(table.rows[2].split, "test");
  EXPECT_EQ(table.rows[2].line, 4);
}

TEST(LabelTable, SeveralLabelsStandInOneCell) {
  LabelTable table = parse_label_csv("file_name,labels\na.jpg,cat; dog;cat\nb.jpg,\nc.jpg,dog\n");
  EXPECT_TRUE(table.multi_label);
  EXPECT_FALSE(table.has_split);
  EXPECT_EQ(table.rows[0].labels, (Words{"cat", "dog"}));
  EXPECT_EQ(table.rows[1].labels, (Words{}));
}

TEST(LabelTable, JsonLines) {
  LabelTable table = parse_label_json_lines(
      "{\"file_name\": \"a.jpg\", \"label\": 3, \"more\": [1]}\n\n{\"file_name\": \"b.jpg\", "
      "\"label\": \"4\"}");
  EXPECT_EQ(table.rows[0].labels, (Words{"3"}));
  EXPECT_EQ(table.rows[1].labels, (Words{"4"}));
  EXPECT_EQ(table.rows[1].line, 3);
  table = parse_label_json_lines(R"({"file_name": "a.jpg", "labels": ["x", "y"], "split": "dev"})");
  EXPECT_TRUE(table.multi_label);
  EXPECT_EQ(table.rows[0].labels, (Words{"x", "y"}));
  EXPECT_EQ(table.rows[0].split, "val");
}

TEST(LabelTable, ErrorsNameLineAndRemedy) {
  const auto csv = [](const std::string& text) { return [text] { parse_label_csv(text); }; };
  expect_error(csv("a.jpg,cat\nb.jpg,dog\n"), Kind::data, "line 1: the header is 'a.jpg,cat'");
  expect_error(csv("path,note\nb.jpg,dog\n"), Kind::data, "without a column label");
  expect_error(csv("path,label\n"), Kind::data, "no rows");
  expect_error(csv("path,label\na.jpg,cat\n,dog\n"), Kind::data, "line 3: the path is empty");
  expect_error(csv("path,label\na.jpg, \n"), Kind::data, "line 2: the label of a.jpg is empty");
  expect_error(csv("path,label,split\na.jpg,cat,trian\n"), Kind::data,
               "line 2: the split is 'trian'");
  expect_error(csv("path,label\na.jpg,cat\nb.jpg,x\na.jpg,dog\n"), Kind::data,
               "line 4: a.jpg is listed in line 2 already");
  const auto lines = [](const std::string& text) {
    return [text] { parse_label_json_lines(text); };
  };
  const std::string good = "{\"file_name\": \"a.jpg\", \"label\": \"cat\"}\n";
  expect_error(lines(good + "{\"file_name\": "), Kind::format, "line 2: this is not JSON");
  expect_error(lines(good + "[1, 2]"), Kind::format, "line 2: expected one JSON object");
  expect_error(lines(good + "{\"label\": \"cat\"}"), Kind::data, "line 2: no 'file_name'");
  expect_error(lines(good + "{\"file_name\": \"b.jpg\"}"), Kind::data, "line 2: no 'label'");
  expect_error(lines(good + "{\"file_name\": \"b.jpg\", \"label\": 0.5}"), Kind::data, "is number");
  expect_error(lines(good + "{\"file_name\": \"b.jpg\", \"label\": 1, \"split\": \"test\"}"),
               Kind::data, "in some lines and not in others");
  expect_error(lines(good + "{\"file_name\": \"b\\u0000.jpg\", \"label\": 1}"), Kind::data,
               "zero byte");
}

}  // namespace
}  // namespace espalier
