#include "espalier/tabular/table.h"

#include <cmath>
#include <fstream>

#include <zlib.h>

#include "tests/expect_error.h"

namespace espalier {
namespace {

using Words = std::vector<std::string>;
using Codes = std::vector<int32_t>;
using Numbers = std::vector<double>;

std::vector<std::string_view> kinds_of(const Table& table) {
  std::vector<std::string_view> kinds;
  for (const Column& column : table.columns) kinds.push_back(kind_name(column.kind));
  return kinds;
}

fs::path write_text(const std::string& name, const std::string& text) {
  const fs::path path = fs::temp_directory_path() / fmt::format("table-{}-{}", ::getpid(), name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

fs::path write_gzip(const std::string& name, const std::string& text) {
  const fs::path path = write_text(name, "");
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path;
}

TEST(Table, TypesAreFoundAndMissingCellsKept) {
  const Table table = parse_table(
      "\xef\xbb\xbfsize,sold,kind,note\r\n"
      "1.5,TRUE,pear,\r\n"
      " -2e3 ,false,\"a, \"\"b\"\"\nc\",NA\r\n"
      "?,,apple,n/a\r\n"
      "+7,True,pear,\n");
  EXPECT_EQ(kinds_of(table),
            (std::vector<std::string_view>{"number", "boolean", "category", "number"}));
  EXPECT_EQ(table.lines, (std::vector<int64_t>{2, 3, 5, 6}));
  const Column& size = table.at("size");
  EXPECT_EQ(size.numbers[0], 1.5);
  EXPECT_EQ(size.numbers[1], -2000);
  EXPECT_TRUE(std::isnan(size.numbers[2]));
  EXPECT_EQ(size.numbers[3], 7);
  EXPECT_EQ(size.missing, 1);
  EXPECT_EQ(table.at("sold").numbers[0], 1);
  EXPECT_EQ(table.at("sold").numbers[1], 0);
  EXPECT_EQ(table.at("kind").words, (Words{"a, \"b\"\nc", "apple", "pear"}));
  EXPECT_EQ(table.at("kind").codes, (Codes{2, 0, 1, 2}));
  EXPECT_EQ(table.at("note").missing, 4);
}

TEST(Table, AWordAfterNumbersMakesAllOfThemWords) {
  const Table table = parse_table("id,x\n007,1\n1.0,2\n1,3\nb,4\n1,5\n");
  EXPECT_EQ(table.at("id").words, (Words{"007", "1", "1.0", "b"}));
  EXPECT_EQ(table.at("id").codes, (Codes{0, 2, 1, 3, 1}));
  EXPECT_EQ(table.at("x").numbers, (Numbers{1, 2, 3, 4, 5}));
}

TEST(Table, CategoriesAndTextDifferByHowOftenWordsRepeat) {
  std::string text = "name,group\n";
  for (int i = 0; i < 50; ++i) text += fmt::format("n{},g{}\n", i, i % 25);
  EXPECT_EQ(kinds_of(parse_table(text)), (std::vector<std::string_view>{"text", "category"}));
  EXPECT_EQ(parse_table("code\n10\n2\n10\n", {.categories = {"code"}}).at("code").words,
            (Words{"10", "2"}));
}

TEST(Table, WithoutAHeaderAndWithOtherSeparators) {
  TableConfig config{.header = false};
  EXPECT_EQ(parse_table("1;2\n3;4\n", config).at("column2").numbers, (Numbers{2, 4}));
  config.separator = "|";
  EXPECT_EQ(parse_table("1|2,5\n", config).at("column2").words, (Words{"2,5"}));
  EXPECT_EQ(parse_table("\"\",b\n1,2\n").at("column1").numbers, (Numbers{1}));
  EXPECT_EQ(parse_table("a\n-999\n1\n", {.missing = {"-999"}}).at("a").missing, 1);
}

TEST(Table, NumbersAreTheNearestDoubles) {
  const Table table = parse_table(
      "x\n0.1\n123456789012345\n0.000000000000001\n9007199254740993\n1e400\n-1e-400\n.5\n5.\n"
      "2.2250738585072014e-308\n-inf\n0.30000000000000004\n12345678901234567890\n");
  EXPECT_EQ(table.at("x").numbers, (Numbers{0.1, 123456789012345, 1e-15, 9007199254740992, INFINITY,
                                            -0.0, .5, 5., 2.2250738585072014e-308, -INFINITY,
                                            0.30000000000000004, 12345678901234567890.0}));
  for (const std::string text :
       {"1x", "0x10", "--1", "+-1", "1e", ".", "nan(1)", "1,5", "1 2", "e5"})
    EXPECT_EQ(parse_table("a|b\n" + text + "|0\n", {.separator = "|"}).at("a").words,
              (Words{text}));
}

// Cells of all lengths cross the ends of the reader's buffer, which is 512 KiB.
TEST(Table, RowsCrossTheEndsOfTheBuffer) {
  std::string text = "n,w,q\n";
  const int rows = 60000;
  for (int i = 0; i < rows; ++i)
    text += fmt::format("{},{},\"{}\"\"{}\"\r\n", i * 0.25,
                        std::string(static_cast<size_t>(i % 40), 'w'), i % 7,
                        i % 3 ? "\n" : "\xc3\xa9,");
  text += fmt::format("1,{},x\n", std::string(3 << 20, 'y'));
  const Table table = parse_table(text);
  ASSERT_EQ(table.rows(), rows + 1);
  for (int i = 0; i < rows; ++i) {
    ASSERT_EQ(table.at("n").numbers[static_cast<size_t>(i)], i * 0.25);
    const Column &w = table.at("w"), &q = table.at("q");
    const int32_t code = w.codes[static_cast<size_t>(i)];
    ASSERT_EQ(code < 0 ? 0 : static_cast<int>(w.words[static_cast<size_t>(code)].size()), i % 40);
    ASSERT_EQ(q.words[static_cast<size_t>(q.codes[static_cast<size_t>(i)])],
              fmt::format("{}\"{}", i % 7, i % 3 ? "\n" : "\xc3\xa9,"));
  }
  EXPECT_EQ(table.at("w").words.back().size(), size_t{3} << 20);
  int64_t line = 2;
  for (int i = 0; i < rows; ++i) {
    ASSERT_EQ(table.lines[static_cast<size_t>(i)], line);
    line += 1 + (i % 3 != 0);
  }
}

TEST(Table, GzipIsUnpackedAndCutGzipRefused) {
  std::string text = "a,b\n";
  for (int i = 0; i < 20000; ++i) text += fmt::format("{},{}\n", i, i * 7919 % 10007);
  const fs::path path = write_gzip("whole.csv.gz", text);
  EXPECT_EQ(read_table(path).at("b").numbers, parse_table(text).at("b").numbers);
  const std::string bytes = read_file(path);
  const fs::path cut = write_text("cut.csv.gz", bytes.substr(0, bytes.size() / 2));
  expect_error([&] { read_table(cut); }, Kind::format, "cut.csv.gz: the gzip data are cut short");
  std::string damaged = bytes;
  damaged[bytes.size() / 2] = static_cast<char>(~damaged[bytes.size() / 2]);
  EXPECT_THROW(read_table(write_text("damaged.csv.gz", damaged)), Error);
}

TEST(Table, ColumnsOfKnownTypesInBlocks) {
  const fs::path path = write_text("blocks.csv", "id,x,kind\n1,5,b\n2,6,a\n3,NA,b\n");
  const std::vector<ColumnType> wanted = {{"kind", ColumnKind::category},
                                          {"x", ColumnKind::number}};
  TableBlocks blocks(path, {}, wanted);
  Table block;
  ASSERT_TRUE(blocks.next(block, 2));
  ASSERT_EQ(block.columns.size(), 2u);
  EXPECT_EQ(block.columns[0].words, (Words{"a", "b"}));
  EXPECT_EQ(block.columns[1].numbers, (Numbers{5, 6}));
  ASSERT_TRUE(blocks.next(block, 2));
  EXPECT_EQ(block.columns[0].words, (Words{"b"}));
  EXPECT_EQ(block.lines, (std::vector<int64_t>{4}));
  EXPECT_FALSE(blocks.next(block, 2));
  expect_error(
      [&] {
        TableBlocks(path, {}, {{"knd", ColumnKind::number}});
      },
      Kind::data, "blocks.csv: there is no column 'knd' (did you mean 'kind'?)");
  expect_error(
      [&] {
        read_table(path, {}, {{"kind", ColumnKind::number}});
      },
      Kind::data, "blocks.csv: line 2: column 'kind': 'b' is not a number");
  expect_error(
      [&] {
        read_table(path, {}, {{"x", ColumnKind::boolean}, {"kind", ColumnKind::boolean}});
      },
      Kind::data, "line 2: column 'kind': 'b' is not true or false");
}

TEST(Table, BadTablesAreRefusedWithTheirPlace) {
  const auto parse = [](const std::string& text) { return [text] { parse_table(text); }; };
  expect_error(parse(""), Kind::format, "the table is empty");
  expect_error(parse("\n\r\n\n"), Kind::format, "the table is empty");
  expect_error(parse("a,b\n1,2\n3\n"), Kind::data, "line 3: 1 cells, but 2 columns");
  expect_error(parse("a,b\n1,2,3\n"), Kind::data, "line 2: 3 cells, but 2 columns");
  expect_error(parse("a,b,a\n"), Kind::data, "line 1: columns 1 and 3 are both called 'a'");
  expect_error(parse("column2,\n1,2\n"), Kind::data, "columns 1 and 2 are both called 'column2'");
  expect_error(parse("a,b\n1,\"2\n3,4\n"), Kind::format, "line 2: the quote");
  expect_error(parse("a,b\n1,2\n\"x\ny\",\"1\"2\n"), Kind::format,
               "line 4: text follows a closing quote");
  expect_error(parse("a\nb\ncaf\xe9\n"), Kind::format, "line 3: the text is not UTF-8");
  expect_error(parse(std::string("\xff\xfe"
                                 "a\0,\0",
                                 6)),
               Kind::format, "UTF-16");
  expect_error(parse("a,b\r1,2\r3,4\r"), Kind::format, "lines end in \\r alone");
  expect_error([] { parse_table("a\n1\n", {.separator = "::"}); }, Kind::usage,
               "'::' is not one character");
  expect_error([] { parse_table("a\n1\n", {.categories = {"b"}}); }, Kind::data,
               "there is no column 'b'");
  expect_error([] { parse_table("a\n1\n").at("zzz"); }, Kind::data, "the columns are a");
  expect_error([] { read_table("/nowhere/t.csv"); }, Kind::io, "/nowhere/t.csv does not exist");
  expect_error([] { read_table(fs::temp_directory_path()); }, Kind::io, "is not a file");
  EXPECT_EQ(parse_table("a,b\n").rows(), 0);
}

TEST(Table, AHundredThousandColumns) {
  std::string names, row;
  for (int i = 0; i < 100000; ++i) {
    names += fmt::format("{}c{}", i ? "," : "", i);
    row += fmt::format("{}{}", i ? "," : "", i);
  }
  const Table table = parse_table(names + "\n" + row + "\n" + row + "\n");
  ASSERT_EQ(table.columns.size(), 100000u);
  EXPECT_EQ(table.columns[99999].numbers, (Numbers{99999, 99999}));
}

}  // namespace
}  // namespace espalier
