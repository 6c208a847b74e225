// The two pages as text.
#pragma once

#include <string>
#include <vector>

#include "espalier/report/run_record.h"

namespace espalier {

std::string single_page(const RunRecord& run);
std::string comparison_page(const std::vector<RunRecord>& runs);  // two or more

}  // namespace espalier
