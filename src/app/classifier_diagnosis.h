// eval --diagnose of a network that classifies pictures: what can be said without training it again.
#pragma once

#include "espalier/data/splits.h"
#include "espalier/tabular/diagnose.h"
#include "espalier/tasks/classify.h"

namespace espalier {

// `asked`: the pictures that are asked about, the `split` of the run's data unless `foreign`. Features of the network's last
// linear layer take the place of a table's columns. The network's own answers give the scores and the suspect labels; a
// linear probe gives the learning curve of the last layer, validation pictures stand for the training ones where a
// network that learned them by heart would tell them from all others. Throws Error(unsupported) for a network
// that does not end in a linear layer, Error(data), Error(interrupted).
Diagnosis diagnose_classifier(ClassifyTask& task,
                              const Splits& splits,
                              const DatasetPtr& asked,
                              const std::string& split,
                              bool foreign,
                              const DiagnoseConfig& config);

}  // namespace espalier
