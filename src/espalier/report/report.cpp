#include "espalier/report/report.h"

#include <map>

#include "espalier/core/error.h"
#include "espalier/report/pages.h"

namespace espalier {
namespace {

// Folders may share their last name (a/run, b/run): tell them apart by number.
void tell_apart(std::vector<RunRecord>& runs) {
  std::map<std::string, int> seen;
  for (RunRecord& run : runs) {
    const int number = ++seen[run.name];
    if (number > 1) run.name += fmt::format(" ({})", number);
  }
}

}  // namespace

void write_report(const std::vector<fs::path>& run_folders, const fs::path& html) {
  if (run_folders.empty()) fail(Kind::usage, "a report needs at least one run folder");
  if (run_folders.size() > 50)
    fail(Kind::usage, "a report compares at most 50 runs, not {}", run_folders.size());
  std::vector<RunRecord> runs;
  for (const fs::path& folder : run_folders) runs.push_back(read_run(folder));
  tell_apart(runs);
  write_file_atomic(html, runs.size() == 1 ? single_page(runs.front()) : comparison_page(runs));
}

}  // namespace espalier
