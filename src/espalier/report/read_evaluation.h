// eval-<split>.json of a run folder into plain values; the pictures it names are loaded.
#pragma once

#include <string>

#include "espalier/report/json_reader.h"
#include "espalier/report/run_record.h"

namespace espalier {

// The part "scores" of a file, {"accuracy": {"value": 0.9, "low": ..., "high": ...}} or
// {"accuracy": 0.9}, in the order of `text`, from which `file` was parsed.
Scores read_scores(const JsonReader& file, const std::string& text);

Evaluation read_evaluation(const JsonReader& file,
                           const std::string& text,
                           const fs::path& folder,
                           const std::string& split);

}  // namespace espalier
