// A trained classifier as everything that prunes looks at it.
//
//   PruneSubject subject("runs/mine");
//   std::string text = to_text(subject.structure);
#pragma once

#include <string>

#include "espalier/models/model_file.h"
#include "espalier/prune/cost_model.h"

namespace espalier {

struct PruneSubject {
  LoadedModel model;
  Shape input;  // of one picture
  Graph graph;
  Structure structure;
  CostModel cost;

  // A run folder or model file. Throws as load_model(), trace() and read_structure().
  explicit PruneSubject(const std::string& run);
  explicit PruneSubject(LoadedModel loaded);
};

}  // namespace espalier
