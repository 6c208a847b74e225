// What a check found, as sentences for the terminal and the page, the worst first.
#pragma once

#include <string>
#include <vector>

#include "espalier/data/check.h"

namespace espalier {

struct Finding {
  bool harmful = false;  // spoils training or its score; others are worth knowing
  std::string text;
};

std::vector<Finding> findings(const DataCheck& check);

}  // namespace espalier
