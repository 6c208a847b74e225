#include "espalier/models/weight_match.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include <fmt/ranges.h>

#include "espalier/models/table.h"
#include "espalier/models/weight_names.h"
#include "espalier/tensor/torch.h"
#include "espalier/tensor/without_init.h"

namespace espalier {
namespace {

using Row = WeightMatch::Row;

// The name of the layer that gives the logits: the last linear one, or in nets without one the last
// convolution.
std::string head_layer(const ImageModel& net) {
  std::string linear, convolution;
  for (const auto& item : net.named_modules()) {
    if (item.value()->as<torch::nn::Linear>()) linear = item.key();
    if (item.value()->as<torch::nn::Conv2d>()) convolution = item.key();
  }
  return linear.empty() ? convolution : linear;
}

std::vector<int64_t> without_ones(at::IntArrayRef shape) {
  std::vector<int64_t> sides;
  std::copy_if(shape.begin(), shape.end(), std::back_inserter(sides),
               [](int64_t side) { return side != 1; });
  return sides;
}

std::optional<std::string> change_of(at::IntArrayRef from, at::IntArrayRef to, bool first) {
  if (from == to) return "";
  if (without_ones(from) == without_ones(to)) return "sides of 1 dropped or added";
  if (first && from.size() == 4 && to.size() == 4 && from[1] == 3 && to[1] == 1 &&
      from[0] == to[0] && from.slice(2) == to.slice(2))
    return "summed over the three colours";
  return std::nullopt;
}

struct Place {
  size_t naming;
  std::string prefix;
};

// Every end of a stored name behind a dot (and the whole) may be a name of the network; the prefix
// before most of them wins, the earliest among equals.
Place find_names(const std::vector<Naming>& namings, const std::vector<StoredTensor>& tensors) {
  Place best{0, ""};
  size_t most = 0;
  for (size_t i = 0; i < namings.size(); ++i) {
    std::unordered_map<std::string, size_t> counts;
    for (const StoredTensor& tensor : tensors)
      for (size_t begin = 0; begin != std::string::npos;) {
        if (namings[i].ours.count(tensor.name.substr(begin)) > 0) {
          size_t count = ++counts[tensor.name.substr(0, begin)];
          if (count > most) {
            most = count;
            best = {i, tensor.name.substr(0, begin)};
          }
        }
        begin = tensor.name.find('.', begin);
        if (begin != std::string::npos) ++begin;
      }
  }
  return best;
}

int64_t count_if(const std::vector<Row>& rows, bool (*what)(const Row&)) {
  return std::count_if(rows.begin(), rows.end(),
                       [&](const Row& row) { return !row.head && !row.optional && what(row); });
}

}  // namespace

int64_t WeightMatch::wanted() const {
  return count_if(rows, [](const Row&) { return true; });
}

int64_t WeightMatch::fitting() const {
  return count_if(rows, [](const Row& row) { return row.change.has_value(); });
}

WeightMatch match_weights(const ImageModel& net, const std::vector<StoredTensor>& tensors) {
  const std::vector<Naming> namings = known_namings(net);
  const Place place = find_names(namings, tensors);
  const Naming& naming = namings[place.naming];
  std::unordered_map<std::string, const StoredTensor*> by_our_name;
  std::vector<const StoredTensor*> under_prefix;
  for (const StoredTensor& tensor : tensors) {
    if (!tensor.name.starts_with(place.prefix)) continue;
    under_prefix.push_back(&tensor);
    auto ours = naming.ours.find(tensor.name.substr(place.prefix.size()));
    if (ours != naming.ours.end()) by_our_name[ours->second] = &tensor;
  }

  WeightMatch match{.naming = naming.whose, .prefix = place.prefix, .rows = {}, .leftover = {}};
  const std::string head = head_layer(net) + ".";
  std::unordered_set<const StoredTensor*> used;
  bool first = true;
  for (const auto& [name, target] : module_state(net)) {
    Row row{.name = name,
            .target = target,
            .head = name.starts_with(head),
            .optional = name.ends_with("num_batches_tracked"),
            .stored = nullptr,
            .change = std::nullopt};
    auto found = by_our_name.find(name);
    if (found != by_our_name.end()) {
      row.stored = found->second;
      used.insert(row.stored);
      const bool floats = row.stored->dtype.find('F') != std::string::npos;
      if (floats == target.is_floating_point())
        row.change = change_of(row.stored->shape, target.sizes(), first && target.dim() == 4);
    }
    if (target.dim() == 4) first = false;
    match.rows.push_back(std::move(row));
  }
  for (const StoredTensor* tensor : under_prefix)
    if (used.count(tensor) == 0) match.leftover.push_back(tensor);
  return match;
}

at::Tensor changed(const at::Tensor& value, const Row& row) {
  if (value.sizes() == row.target.sizes()) return value;
  if (value.numel() == row.target.numel()) return value.view(row.target.sizes());
  return value.sum(1, /*keepdim=*/true);
}

std::vector<ModelFit> best_fits(const std::vector<StoredTensor>& tensors) {
  std::vector<ModelFit> best;
  // Whole fits by how much they explain; partial ones by what fits against what is missing.
  auto rank = [](const ModelFit& fit) {
    const bool whole = fit.fitting == fit.wanted;
    return std::pair(whole, whole ? fit.fitting : 2 * fit.fitting - fit.wanted);
  };
  for (const ModelRow& row : model_table()) {
    WithoutInit scope;
    ImageModelPtr net = make_model(row.name);
    WeightMatch match = match_weights(*net, tensors);
    ModelFit fit{row.name, match.fitting(), match.wanted()};
    if (fit.fitting == 0) continue;
    if (!best.empty() && rank(fit) < rank(best.front())) continue;
    if (!best.empty() && rank(fit) > rank(best.front())) best.clear();
    best.push_back(fit);
  }
  return best;
}

}  // namespace espalier
