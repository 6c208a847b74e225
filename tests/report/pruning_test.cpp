// The part of a page that says what pruning took and kept.
#include <gtest/gtest.h>

#include "espalier/report/pages.h"

#include "tests/report/fake_run.h"

namespace espalier {
namespace {

using testing::test_folder;
using testing::write_fake_run;

nlohmann::json pruned_record() {
  return nlohmann::json::parse(R"({
    "run": "runs/whole", "budget": "macs=0.5", "method": "eagleeye", "scope": "global", "then": "finetune",
    "macs": 20000000, "macs_before": 40000000, "parameters": 150000, "parameters_before": 300000,
    "latency_ms": 0.5, "latency_ms_before": 0.8,
    "accuracy": 0.91, "accuracy_before": 0.925,
    "accuracy_interval": [0.9, 0.92], "accuracy_interval_before": [0.915, 0.935],
    "search_seconds": 12, "seconds": 100,
    "widths": [{"layer": "stem.conv", "before": 16, "after": 8}, {"layer": "<b>", "before": 64, "after": 64}],
    "latencies": [{"batch": 32, "threads": 2, "before_ms": 20, "after_ms": 5}],
    "searched": [{"macs": 19000000, "score": 0.4}, {"macs": 18000000, "score": 0.5},
                 {"macs": 20000000, "score": 0.45}],
    "timed_model": [[1.0, 1.1], [2.0, 1.9]]})");
}

RunRecord read_with(const nlohmann::json& record) {
  const fs::path run = write_fake_run(test_folder() / "run");
  write_file_atomic(run / "prune.json", record.dump());
  return read_run(run);
}

bool has(const std::string& page, const std::string& part) {
  return page.find(part) != std::string::npos;
}

TEST(PruningPage, SaysWhatWasTakenAndKept) {
  const std::string page = single_page(read_with(pruned_record()));
  for (const char* part :
       {"Before and after pruning", "Channels chosen by eagleeye under macs=0.5, then trained on",
        "the choice took 12 s", "50.0 %", "-1.5 points", "91.0 % (90.0 – 92.0)",
        "32 pictures, 2 threads", "25.0 %", "stem.conv", "8 of 16", "&lt;b&gt;", "best so far",
        "none better for less", "Latency, predicted against measured"})
    EXPECT_TRUE(has(page, part)) << part;
}

TEST(PruningPage, IsNotThereForOtherRuns) {
  const std::string page = single_page(read_run(write_fake_run(test_folder() / "run")));
  EXPECT_FALSE(has(page, "Before and after pruning"));
}

TEST(PruningPage, ThePlotOfSeveralHasAPointForEachAndWhatWasBefore) {
  RunRecord first = read_with(pruned_record()), second = first;
  second.name = "other";
  const std::string page = comparison_page({first, second});
  EXPECT_TRUE(has(page, "What pruning kept"));
  EXPECT_TRUE(has(page, "Validation accuracy against latency, one picture"));
  second.pruning.reset();
  EXPECT_FALSE(has(comparison_page({first, second}), "What pruning kept"));
}

TEST(PruningPage, DamagedPartsAreLeftOutWithAWarning) {
  nlohmann::json record = pruned_record();
  record["macs"] = "many";
  record["widths"][0]["before"] = -3;
  record["accuracy_interval"] = {1, 2, 3};
  record["timed_model"] = {{1, "x"}, 7, {1, 2}};
  record["searched"] = 5;
  const RunRecord run = read_with(record);
  ASSERT_TRUE(run.pruning);
  EXPECT_EQ(run.pruning->figures.size(), 3u);  // parameters, latency, accuracy
  EXPECT_EQ(run.pruning->layers.size(), 1u);
  EXPECT_FALSE(run.pruning->accuracy_after);
  EXPECT_EQ(run.pruning->timed_model.size(), 1u);
  EXPECT_TRUE(run.pruning->searched.empty());
  EXPECT_EQ(run.warnings.size(), 3u);
  single_page(run);
}

}  // namespace
}  // namespace espalier
