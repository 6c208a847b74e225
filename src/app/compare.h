// The verb compare: two models on the same samples.
#pragma once

#include "app/command_line.h"

namespace espalier {

int run_compare(const Arguments& arguments);

}  // namespace espalier
