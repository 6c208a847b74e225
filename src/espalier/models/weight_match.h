// Which tensor of a file belongs to which of a network, by names and shapes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "espalier/models/model.h"
#include "espalier/tensor/stored.h"

namespace espalier {

struct WeightMatch {
  struct Row {
    std::string name;
    at::Tensor target;
    bool head = false;                     // of the layer that gives the logits
    bool optional = false;                 // older files do without: counters of batches
    const StoredTensor* stored = nullptr;  // null when there is none of that name
    std::optional<std::string>
        change;  // what makes its shape fit, "" for nothing; none when nothing does
  };
  std::string naming, prefix;
  std::vector<Row> rows;                      // one for each tensor of the network
  std::vector<const StoredTensor*> leftover;  // under the prefix, but no row's

  // Of what the network cannot do without: all but the head and the counters.
  int64_t wanted() const;
  int64_t fitting() const;
};

// Under the naming and the prefix that give the most names.
WeightMatch match_weights(const ImageModel& net, const std::vector<StoredTensor>& tensors);

// The value in the target's shape, by the row's change.
at::Tensor changed(const at::Tensor& value, const WeightMatch::Row& row);

struct ModelFit {
  std::string model;
  int64_t fitting, wanted;
};
// Of the whole table; several when they fit alike. Wholly fitting ones come before all others.
std::vector<ModelFit> best_fits(const std::vector<StoredTensor>& tensors);

}  // namespace espalier
