// What every experiment of the lab ends in: ways to do a thing, measured over runs, each compared in
// pairs with one of them.
//
//   ExperimentResult result{.name = "dcl", .question = "...", .reference = "plain"};
//   result.ways.push_back({.name = "dcl", .help = "...", .values = {...}, .gain = ...});
//   write_file_atomic(out / "report.html", experiment_page(result));
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/format/run_table.h"
#include "espalier/metrics/paired.h"

namespace espalier {

struct Way {
  std::string name, help;
  std::vector<double> values;            // the score of each run, a share
  std::optional<PairedDifference> gain;  // over the reference, on runs that both have
};

struct ExperimentResult {
  std::string name, title, question;
  std::vector<std::pair<std::string, std::string>> setting;  // what was held alike, for the page
  std::string score = "accuracy";
  std::string reference;  // a way's name
  std::vector<Way> ways;
  int64_t runs = 0, wanted = 0;  // done, and of how many
};

// One run: of which way, and what else names it in the table of runs (seed, split), which it shares with
// the reference's run that it is paired with.
struct LabRun {
  std::string way;
  RunTable::Key shared;

  RunTable::Key key() const;  // the way, then what is shared
};

// Sets ways, runs and wanted from the runs that the table has. `ways`: names and help, in the order of
// the page; result.reference is one of them.
void add_ways(ExperimentResult& result,
              const std::vector<std::pair<std::string, std::string>>& ways,
              const std::vector<LabRun>& runs,
              const RunTable& table);

// "better by 1.2 points (0.7 to 1.8)", "no difference shown: ...", "worse by ..."; for the reference
// "". What is claimed follows from the interval alone.
std::string verdict(const Way& way);

nlohmann::ordered_json to_json(const ExperimentResult& result);

// One self-contained HTML page: the question, a chart of the gains with their intervals, the table.
std::string experiment_page(const ExperimentResult& result);

}  // namespace espalier
