#include "espalier/models/table.h"

#include <gtest/gtest.h>

#include "tests/expect_error.h"

namespace espalier {
namespace {

TEST(ParseModel, TakesSettingsBehindTheName) {
  EXPECT_EQ(parse_model("resnet18").name, "resnet18");
  EXPECT_TRUE(parse_model("resnet18").arguments.empty());
  const ModelChoice narrow = parse_model("mobilenet_v2:width=0.5,dropout=0");
  EXPECT_EQ(narrow.name, "mobilenet_v2");
  const ImageModelPtr net = make_model(narrow.name, narrow.arguments);
  EXPECT_EQ(net->arguments.at("width"), 0.5);
  EXPECT_EQ(net->arguments.at("dropout"), 0);
  const ModelChoice lists = parse_model("shufflenet_v2_x0_5:channels=[24,32,64,128,256],classes=3");
  EXPECT_EQ(lists.arguments.at("channels").size(), 5u);
  EXPECT_EQ(lists.arguments.at("classes"), 3);
}

TEST(ParseModel, SaysWhatItCannotRead) {
  expect_error([] { parse_model("mobilnet_v2:width=0.5"); }, Kind::usage, "mobilenet_v2");
  for (const char* text : {"mobilenet_v2:width", "mobilenet_v2:=1", "mobilenet_v2:width="})
    expect_error([&] { parse_model(text); }, Kind::usage, text, "width=0.5");
  const auto make = [](const char* text) {
    const ModelChoice choice = parse_model(text);
    make_model(choice.name, choice.arguments);
  };
  expect_error([&] { make("mobilenet_v2:widht=0.5"); }, Kind::usage, "width");
  expect_error([&] { make("mobilenet_v2:width=wide"); }, Kind::usage, "width");
  expect_error([&] { make("mobilenet_v2:width=1e9"); }, Kind::usage, "width");
}

}  // namespace
}  // namespace espalier
