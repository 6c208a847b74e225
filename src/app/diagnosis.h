// What eval --diagnose leaves behind and prints, of tables and of networks.
#pragma once

#include "espalier/core/files.h"
#include "espalier/metrics/diagnosis.h"

namespace espalier {

// diagnosis.json and diagnosis.html in the run folder.
void keep_diagnosis(const Diagnosis& diagnosis, const fs::path& run);
// The verdict, what else was found, what was not run, on standard output.
void print_diagnosis(const Diagnosis& diagnosis, const fs::path& run);

}  // namespace espalier
