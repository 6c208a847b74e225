// What outlasts a crash: flushing to the disk, and clearing away what a killed writer left. The functions of
// core/files.h use both; here they stand for files that grow piece by piece.
//
//   flush_to_disk("run/metrics.jsonl");
//   remove_abandoned_parts("run");
#pragma once

#include "espalier/core/files.h"

namespace espalier {

// Returns when the disk holds what was written to this file; for a folder, the names in it. Throws
// Error(io).
void flush_to_disk(const fs::path& path);

// Removes what processes that live no more left under temporary names directly in this folder.
void remove_abandoned_parts(const fs::path& folder);

}  // namespace espalier
