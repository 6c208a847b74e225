// One HTML page about one run, or about several side by side: scores with intervals, curves,
// confusion matrix, calibration, mistakes as pictures, failures, cost, configuration. The file
// loads nothing from outside and reads without scripts.
//
//   write_report({"runs/classify-1"}, "runs/classify-1/report.html");
//   write_report({"runs/a", "runs/b"}, "compare.html");
#pragma once

#include <vector>

#include "espalier/core/files.h"

namespace espalier {

// What a folder lacks is left out with a line that says which command adds it; what is damaged,
// with a warning that names the file and the place. Throws Error(usage) for no folder or one
// without a run in it, Error(io) for a missing one.
void write_report(const std::vector<fs::path>& run_folders, const fs::path& html);

}  // namespace espalier
