// prune.json of a run folder, read with distrust.
#pragma once

#include "espalier/report/json_reader.h"
#include "espalier/report/run_record.h"

namespace espalier {

// What is missing or of a wrong type is left out, the latter with a warning.
PruningFacts read_pruning(const JsonReader& record);

}  // namespace espalier
