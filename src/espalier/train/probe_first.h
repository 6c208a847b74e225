// The linear probe (tasks/linear_probe.h) at the beginning of a run, or in the place of one.
#pragma once

#include "espalier/tasks/linear_probe.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {

// When it is asked for, or there are pretrained weights in a network that can be probed.
bool begins_with_probe(const ClassifyRecipe& recipe, ImageModel& model);

// On the pictures as evaluation shows them. Says what came out, and writes it to probe.json.
LinearProbe probe_first(ClassifyTask& task,
                        const ClassifyRecipe& recipe,
                        const Splits& splits,
                        const RunFolder& run);

// The run is the probe alone: saves the network with the probe as its head.
TrainOutcome end_with_probe(ClassifyTask& task, const LinearProbe& probe, const RunFolder& run);

}  // namespace espalier
