#include "espalier/core/fields.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/files.h"

namespace espalier {
namespace {

struct Config {
  bool flip = true;
  int64_t epochs = 12;
  double lr = 0.1;
  std::string schedule = "cosine";
  std::string note = "plain";
  std::vector<int64_t> steps = {30, 60};
  std::vector<double> mean = {0.5, 0.25};
  std::vector<std::string> classes = {"apple", "pear"};
  bool operator==(const Config&) const = default;
};

Fields fields(Config& c) {
  return {
      field("flip", c.flip, "mirror half of the pictures"),
      field("epochs", c.epochs, "passes over the training data").between(1, 1e6),
      field("lr", c.lr, "peak learning rate").between(0, 100),
      field("schedule", c.schedule, "course of the rate").one_of({"constant", "cosine", "step"}),
      field("note", c.note, "a remark"),
      field("steps", c.steps, "epochs at which the rate falls").between(0, 1000),
      field("mean", c.mean, "mean of each channel"),
      field("classes", c.classes, "names of the classes")};
}

class FieldsTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  void read(const std::string& text) {
    write_file_atomic(path_, text);
    read_toml(fields(config_), path_);
  }

  std::string usage_error(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::usage) << error.what();
      return error.what();
    }
    return "nothing was thrown";
  }

  // The message of the error that reading `text` gives, without the path in front.
  std::string error_of(const std::string& text) {
    std::string message = usage_error([&] { read(text); });
    size_t comma = message.find(", line");
    return comma == std::string::npos ? message : message.substr(comma + 2);
  }

  Config config_;
  // Of this process: ctest runs several tests at a time.
  const std::filesystem::path path_ =
      testing::TempDir() + fmt::format("espalier_fields_test.{}.toml", ::getpid());
};

TEST_F(FieldsTest, TextSetsEveryType) {
  Fields f = fields(config_);
  set_field(f, "flip", "off");
  set_field(f, "epochs", "30");
  set_field(f, "lr", "1e-3");
  set_field(f, "schedule", "step");
  set_field(f, "steps", "1, 2,3");
  set_field(f, "mean", "[0.5]");
  set_field(f, "classes", "oak,\"elm, wych\", ash");
  EXPECT_EQ(config_, (Config{.flip = false,
                             .epochs = 30,
                             .lr = 1e-3,
                             .schedule = "step",
                             .steps = {1, 2, 3},
                             .mean = {0.5},
                             .classes = {"oak", "elm, wych", "ash"}}));
  set_field(f, "steps", "");
  set_field(f, "classes", "[]");
  EXPECT_TRUE(config_.steps.empty());
  EXPECT_TRUE(config_.classes.empty());
}

TEST_F(FieldsTest, DashesStandForUnderscores) {
  double value = 0;
  Fields f = {field("weight_decay", value, "")};
  set_field(f, "weight-decay", "0.5");
  EXPECT_EQ(value, 0.5);
}

TEST_F(FieldsTest, WrongTextNamesKeyAndWhatIsExpected) {
  Fields f = fields(config_);
  auto message = [&](const std::string& name, const std::string& text) {
    return usage_error([&] { set_field(f, name, text); });
  };
  EXPECT_EQ(message("epochs", "ten"), "epochs: expected a whole number, got 'ten'");
  EXPECT_EQ(message("epochs", "3.5"), "epochs: expected a whole number, got '3.5'");
  EXPECT_EQ(message("epochs", "99999999999999999999"),
            "epochs: expected a whole number, got '99999999999999999999'");
  EXPECT_EQ(message("epochs", ""), "epochs: expected a whole number, got ''");
  EXPECT_EQ(message("epochs", "0"), "epochs: 0 is outside 1 to 1000000");
  EXPECT_EQ(message("lr", "nan"), "lr: nan is outside 0 to 100");
  EXPECT_EQ(message("lr", "0.1x"), "lr: expected a number, got '0.1x'");
  EXPECT_EQ(message("flip", "maybe"), "flip: expected true or false, got 'maybe'");
  EXPECT_EQ(message("schedule", "cosin"), "schedule: unknown word 'cosin' (did you mean cosine?)");
  EXPECT_EQ(message("steps", "1,1001"), "steps: 1001 is outside 0 to 1000");
  EXPECT_EQ(message("steps", "1,,2"), "steps: expected a whole number, got ''");
  EXPECT_EQ(message("classes", "\"open"), "classes: the quotes of \"open do not close");
  EXPECT_EQ(message("note", "\xff\xfe"), "note: the word is not UTF-8 text");
  EXPECT_EQ(message("epoch", "3"), "unknown key 'epoch' (did you mean epochs?)");
  EXPECT_EQ(config_, Config{}) << "a refused value must leave the old one";
}

// Words that are hard to write down in one of the notations.
const std::vector<std::string> kHardWords = {
    "",           " ",           "a,b",      "\"",     "\\",    "[x]",    "#no comment",
    "tab\tnew\n", "caf\xc3\xa9", "\x7f\x01", "= true", " lead", "trail ", "'"};

TEST_F(FieldsTest, TextRoundTripsExactly) {
  config_ = {.flip = false,
             .epochs = 999999,
             .lr = 0.1 + 0.2,
             .schedule = "step",
             .steps = {},
             .mean = {1e-300, 5e-324, 1.0 / 3, -0.0, 1e22},
             .classes = kHardWords};
  for (const std::string& word : kHardWords) {
    config_.note = word;
    Config copy;
    Fields to = fields(copy);
    for (const Field& f : fields(config_)) set_field(to, f.name, field_text(f));
    EXPECT_EQ(copy, config_) << "note '" << word << "'";
    EXPECT_TRUE(std::signbit(copy.mean[3]));
  }
  config_.classes = {""};
  Config copy;
  for (const Field& f : fields(config_)) set_field(fields(copy), f.name, field_text(f));
  EXPECT_EQ(copy.classes, config_.classes);
}

TEST_F(FieldsTest, TomlRoundTripsExactly) {
  for (const std::string& word : kHardWords) {
    config_ = {.flip = false,
               .epochs = 7,
               .lr = 0.1 + 0.2,
               .schedule = "step",
               .note = word,
               .steps = {},
               .mean = {3, 1e-300, 1.0 / 3, 1e22},
               .classes = kHardWords};
    const Config saved = config_;
    std::string text = to_toml(fields(config_));
    config_ = Config{};
    read(text);
    EXPECT_EQ(config_, saved) << text;
  }
}

TEST_F(FieldsTest, TomlSavesOneCommentedLineAKey) {
  std::string text = to_toml(fields(config_));
  EXPECT_NE(text.find("epochs = 12  # passes over the training data\n"), std::string::npos) << text;
  EXPECT_NE(text.find("classes = [\"apple\", \"pear\"]  # names of the classes\n"),
            std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8);
}

TEST_F(FieldsTest, TomlTakesAWholeNumberForANumber) {
  read("lr = 1\nmean = [1, 0.5]\n");
  EXPECT_EQ(config_.lr, 1.0);
  EXPECT_EQ(config_.mean, (std::vector<double>{1, 0.5}));
}

TEST_F(FieldsTest, TomlErrorsNameFileLineAndKey) {
  std::string whole = usage_error([&] { read("epochs = 3\n\nlearning_rate = 1\n"); });
  EXPECT_EQ(whole.rfind(path_.string() + ", line 3: unknown key 'learning_rate'", 0), 0u) << whole;
  EXPECT_EQ(error_of("\n# so\nepoch = 3\n"), "line 3: unknown key 'epoch' (did you mean epochs?)");
  EXPECT_EQ(error_of("lr = 0.1\nepochs = 0\n"), "line 2: epochs: 0 is outside 1 to 1000000");
  EXPECT_EQ(error_of("epochs = \"3\"\n"), "line 1: epochs: expected a whole number, got \"3\"");
  EXPECT_EQ(error_of("epochs = 3.0\n"), "line 1: epochs: expected a whole number, got 3.0");
  EXPECT_EQ(error_of("flip = 1\n"), "line 1: flip: expected true or false, got 1");
  EXPECT_EQ(error_of("note = 5\n"), "line 1: note: expected a word in quotes, got 5");
  EXPECT_EQ(error_of("steps = 5\n"), "line 1: steps: expected a list, got 5");
  EXPECT_EQ(error_of("steps = [1, \"a\"]\n"), "line 1: steps: expected a whole number, got \"a\"");
  EXPECT_EQ(error_of("steps = [[1], [2]]\n"), "line 1: steps: expected a whole number, got [1]");
  EXPECT_EQ(error_of("[train]\nepochs = 3\n"),
            "line 1: [train]: tables are not used here; write the keys at the top level");
  EXPECT_EQ(error_of("note = 2024-01-01\n"), "line 1: note: dates and times are not used here");
  EXPECT_EQ(error_of("schedule = \"steps\"\n"),
            "line 1: schedule: unknown word 'steps' (did you mean step?)");
}

TEST_F(FieldsTest, TomlSyntaxErrorsNameTheLine) {
  EXPECT_EQ(error_of("lr = 0.1\nepochs = = 3\n").substr(0, 7), "line 2:");
  EXPECT_EQ(error_of("epochs = 1\nepochs = 2\n").substr(0, 7), "line 2:");
  EXPECT_EQ(error_of("note = \"\xff\"\n").substr(0, 7), "line 1:");
  EXPECT_EQ(error_of("steps = " + std::string(100000, '[')).substr(0, 7), "line 1:");
}

TEST_F(FieldsTest, MissingFileIsAnIoError) {
  try {
    read_toml(fields(config_), "/nowhere/at/all.toml");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::io);
    EXPECT_STREQ(error.what(), "/nowhere/at/all.toml does not exist");
  }
}

TEST_F(FieldsTest, JsonRoundTripsExactly) {
  config_ = {.flip = false,
             .lr = 0.1 + 0.2,
             .note = "a,b",
             .steps = {},
             .mean = {1.0 / 3},
             .classes = kHardWords};
  auto values = nlohmann::json::parse(to_json(fields(config_)).dump());
  Config copy;
  from_json(fields(copy), values);
  EXPECT_EQ(copy, config_);
}

TEST_F(FieldsTest, JsonKeepsAbsentKeysAndRefusesWrongOnes) {
  from_json(fields(config_), {{"epochs", 5}});
  EXPECT_EQ(config_, Config{.epochs = 5});
  auto message = [&](const nlohmann::json& values) -> std::string {
    try {
      from_json(fields(config_), values);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::format);
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(message({{"epoch", 5}}), "unknown key 'epoch' (did you mean epochs?)");
  EXPECT_EQ(message({{"note", nullptr}}), "note: expected a word in quotes, got null");
  EXPECT_EQ(message({{"steps", "1,2"}}), "steps: expected a list, got \"1,2\"");
  EXPECT_EQ(message({{"epochs", uint64_t{1} << 63}}),
            "epochs: expected a whole number, got 9223372036854775808");
  EXPECT_EQ(message(nlohmann::json::array()), "expected an object of settings");
  EXPECT_LT(message({{"epochs", std::string(100000, 'x')}}).size(), 200u)
      << "one line, whatever the value";
}

TEST_F(FieldsTest, JoinRefusesAKeyDescribedTwice) {
  EXPECT_EQ(join(fields(config_), {}).size(), 8u);
  int64_t other = 0;
  try {
    join(fields(config_), {field("epochs", other, "")});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::internal);
  }
}

}  // namespace
}  // namespace espalier
