// Whether an orchard can be made from a configuration.
#pragma once

#include "espalier/data/orchard.h"

namespace espalier {

// Throws Error(usage) naming the key that is out of range.
void check_orchard(const OrchardConfig& config);

}  // namespace espalier
