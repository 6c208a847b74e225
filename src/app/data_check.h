// espalier data check PATH.
#pragma once

#include "app/command_line.h"

namespace espalier {

int run_data_check(const Arguments& arguments);

}  // namespace espalier
