#pragma once

#include "app/command_line.h"

namespace espalier {

// The action of `espalier bench`.
int bench_candidates(const Arguments& arguments);

}  // namespace espalier
