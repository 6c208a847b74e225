#include "espalier/lab/dcl_lab.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "espalier/format/csv.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

ClassifyRecipe tiny_recipe() {
  ClassifyRecipe recipe = orchard_dcl_recipe();
  recipe.data = "orchard:twins,classes=2,size=32,mark=0.3,train=16,val=4,test=8";
  recipe.model = "resnet20";
  recipe.augment.size = 32;
  recipe.train.epochs = 4;
  recipe.train.batch = 8;
  recipe.train.workers = 0;
  recipe.train.precision = "fp32";
  recipe.method.dcl.grid = 4;
  recipe.method.pmg = {.grids = {4, 2, 1}, .width = 8};
  return recipe;
}

class DclLab : public testing::Test {
 protected:
  fs::path out = fs::path(testing::TempDir()) / fmt::format("espalier_dcl_lab_{}", ::getpid());
  DclLab() { fs::remove_all(out); }
  ~DclLab() override { fs::remove_all(out); }
};

TEST_F(DclLab, TrainsEachWayOnceAndGoesOnWhereItStopped) {
  DclLabConfig lab{.ways = {"plain-2x", "dcl"}, .seeds = 1, .pretrain = ""};
  ExperimentResult first = run_dcl_lab(lab, tiny_recipe(), out);
  EXPECT_EQ(first.runs, 2);
  const std::string line = parse_csv(read_file(out / "results.csv")).rows.at(1).cells.at(5);
  lab.seeds = 2;
  ExperimentResult both = run_dcl_lab(lab, tiny_recipe(), out);
  EXPECT_EQ(both.runs, 4);
  ASSERT_EQ(both.ways.size(), 2u);
  EXPECT_EQ(both.ways[0].values[0], first.ways[0].values[0]);
  EXPECT_FALSE(both.ways[0].gain);
  ASSERT_TRUE(both.ways[1].gain);
  EXPECT_EQ(both.ways[1].gain->pairs, 2);
  CsvTable csv = parse_csv(read_file(out / "results.csv"));
  ASSERT_EQ(csv.rows.size(), 4u);
  EXPECT_EQ(csv.rows[1].cells[5], line);  // the seconds of the first time: it was not trained again
  EXPECT_FALSE(fs::exists(out / "runs" / "plain-2x-0-0"));
  EXPECT_NE(read_file(out / "report.html").find("4 of 4 runs"), std::string::npos);
}

TEST_F(DclLab, EveryWayRuns) {
  DclLabConfig lab{.seeds = 1};
  lab.pretrain = "orchard:twins,classes=2,first=6,size=32,mark=0.3,train=16,val=4,seed=9";
  lab.pretrain_epochs = 1;
  ExperimentResult result = run_dcl_lab(lab, tiny_recipe(), out);
  EXPECT_EQ(result.runs, static_cast<int64_t>(dcl_ways().size()));
  EXPECT_TRUE(fs::exists(out / "pretrained" / "model.safetensors"));
}

TEST_F(DclLab, WhatCannotBeHalvedOrIsNoWayIsRefused) {
  ClassifyRecipe odd = tiny_recipe();
  odd.train.epochs = 6;
  expect_error([&] { run_dcl_lab({}, odd, out); }, Kind::usage, "multiples of 4");
  expect_error([&] { run_dcl_lab({.ways = {"dlc"}}, tiny_recipe(), out); }, Kind::usage, "dcl");
}

}  // namespace
}  // namespace espalier
