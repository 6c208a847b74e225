#include "espalier/format/csv.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

using Cells = std::vector<std::string>;

TEST(Csv, QuotesLineEndsAndLineNumbers) {
  CsvTable table = parse_csv(
      "\xef\xbb\xbfpath,label\r\n"
      "a.jpg,cat\r\n"
      "\r\n"
      "\"b, c.jpg\",\"said \"\"dog\"\"\nand barked\"\n"
      "d.jpg,\n"
      "5\" disk.jpg,fox");
  EXPECT_EQ(table.header, (Cells{"path", "label"}));
  ASSERT_EQ(table.rows.size(), 4u);
  EXPECT_EQ(table.rows[0].cells, (Cells{"a.jpg", "cat"}));
  EXPECT_EQ(table.rows[0].line, 2);
  EXPECT_EQ(table.rows[1].cells, (Cells{"b, c.jpg", "said \"dog\"\nand barked"}));
  EXPECT_EQ(table.rows[1].line, 4);
  EXPECT_EQ(table.rows[2].cells, (Cells{"d.jpg", ""}));
  EXPECT_EQ(table.rows[2].line, 6);
  EXPECT_EQ(table.rows[3].cells, (Cells{"5\" disk.jpg", "fox"}));
}

TEST(Csv, TheSeparatorIsFoundInTheHeader) {
  EXPECT_EQ(parse_csv("a\tb,c\td\n1\t2\t3").rows[0].cells, (Cells{"1", "2", "3"}));
  EXPECT_EQ(parse_csv("a;b\n1,5;2").rows[0].cells, (Cells{"1,5", "2"}));
  EXPECT_EQ(parse_csv("\"a;;b\",c\n1,2").header, (Cells{"a;;b", "c"}));
  EXPECT_EQ(parse_csv("only\nx;y").rows[0].cells, (Cells{"x;y"}));
}

TEST(Csv, ErrorsNameTheLine) {
  const auto parse = [](const std::string& text) { return [text] { parse_csv(text); }; };
  expect_error(parse(""), Kind::format, "empty");
  expect_error(parse("\n\r\n"), Kind::format, "empty");
  expect_error(parse("a,b\n1,2\n\n3"), Kind::format, "line 4: 1 cells, but the header has 2");
  expect_error(parse("a,b\n1,\"2\n3,4\n"), Kind::format, "line 2: the quote");
  expect_error(parse("a,b\n\"1\"x,2"), Kind::format, "line 2: text follows a closing quote");
  expect_error(parse("a,b\n1,caf\xe9"), Kind::format, "line 2: the text is not UTF-8");
  expect_error(parse(std::string("\xff\xfe"
                                 "a\0,\0b\0",
                                 8)),
               Kind::format, "UTF-16");
}

TEST(Csv, WhatIsWrittenReadsBack) {
  for (const std::string text :
       {"plain", "a,b", "a;b", "a\tb", "say \"x\"", "two\nlines", "\r", ""})
    EXPECT_EQ(parse_csv("h,i\n" + csv_text(text) + ",1\n").rows.at(0).cells[0], text);
}

}  // namespace
}  // namespace espalier
