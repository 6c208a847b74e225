// A network of the table with random weights, in the place of a trained one: for measuring it and for handing its
// graph to other programs.
#pragma once

#include <string>

#include "espalier/core/fields.h"
#include "espalier/models/model_file.h"

namespace espalier {

struct RandomModelConfig {
  int64_t size = 0;     // side of its images in pixels; 0: that of the published figures
  int64_t classes = 0;  // 0: as published
};
Fields fields(RandomModelConfig& config);

bool is_model_name(const std::string& word);

// The same weights each time. The running statistics of its norms are those of random pictures, so that the numbers
// inside keep an ordinary size. Throws Error(usage) for an unknown name.
LoadedModel random_model(const std::string& name, const RandomModelConfig& config);

}  // namespace espalier
