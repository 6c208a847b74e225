#include "espalier/lab/prune_lab.h"

#include <gtest/gtest.h>

#include "espalier/deploy/cost.h"
#include "espalier/format/csv.h"
#include "espalier/models/model_file.h"

#include "tests/expect_error.h"
#include "tests/lab/tiny_prune.h"

namespace espalier {
namespace {

class PruneLab : public ::testing::Test {
 protected:
  PruneLab() { testing::make_tiny(lab); }

  testing::LabFolder folder{"prune_lab"};
  const fs::path& out = folder.path();
  PruneLabConfig lab;
  ClassifyRecipe recipe = testing::tiny_prune_recipe();
};

TEST_F(PruneLab, EveryWayIsWithinTheBudgetAndTrainedOnce) {
  lab.seeds = 1;
  ExperimentResult result = run_prune_lab(lab, recipe, out);
  EXPECT_EQ(result.runs, static_cast<int64_t>(prune_lab_ways().size()));
  CsvTable csv = parse_csv(read_file(out / "results.csv"));
  ASSERT_EQ(csv.rows.size(), prune_lab_ways().size());
  const double whole = count_cost(*load_model(out / "base").net, 3, 32, 32).macs;
  for (const CsvRow& row : csv.rows)
    EXPECT_LE(std::stod(row.cells.at(3)), whole / 2) << row.cells[0];
  // Once more with another seed: what is there stays, widths are not searched again.
  lab.seeds = 2;
  lab.ways = {"uniform", "random", "metapruning"};
  ExperimentResult more = run_prune_lab(lab, recipe, out);
  EXPECT_EQ(more.runs, 6);
  ASSERT_TRUE(more.ways.at(1).gain);
  EXPECT_EQ(more.ways.at(1).gain->pairs, 2);
  CsvTable longer = parse_csv(read_file(out / "results.csv"));
  ASSERT_EQ(longer.rows.size(), csv.rows.size() + 3);
  for (size_t i = 0; i < csv.rows.size(); ++i) EXPECT_EQ(longer.rows[i].cells, csv.rows[i].cells);
  EXPECT_EQ(longer.rows.back().cells[3], csv.rows[6].cells[3]);  // metapruning's widths again
  EXPECT_TRUE(fs::exists(out / "widths" / "random-1"));
}

TEST_F(PruneLab, WhatIsNoWayIsRefused) {
  lab.ways = {"uniforn"};
  expect_error([&] { run_prune_lab(lab, recipe, out); }, Kind::usage, "did you mean uniform?");
}

}  // namespace
}  // namespace espalier
