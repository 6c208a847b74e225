#include "espalier/data/subset.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "espalier/core/error.h"

namespace espalier {
namespace {

class Subset : public Dataset {
 public:
  Subset(DatasetPtr whole, std::vector<int64_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {
    for (int64_t index : indices_)
      if (index < 0 || index >= whole_->size())
        fail(Kind::internal, "sample {} is outside a data set of {}", index, whole_->size());
  }

  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  Sample read(int64_t i, int min_side) const override { return whole_->read(at(i), min_side); }
  std::string id(int64_t i) const override { return whole_->id(at(i)); }
  int64_t label(int64_t i) const override { return whole_->label(at(i)); }
  const std::vector<std::string>& class_names() const override { return whole_->class_names(); }

 private:
  int64_t at(int64_t i) const { return indices_.at(static_cast<size_t>(i)); }

  DatasetPtr whole_;
  std::vector<int64_t> indices_;
};

}  // namespace

DatasetPtr subset(DatasetPtr whole, std::vector<int64_t> indices) {
  return std::make_shared<Subset>(std::move(whole), std::move(indices));
}

HeldOut hold_out(const Dataset& whole, double share, const Random& random) {
  if (!(share >= 0 && share < 1))
    fail(Kind::usage, "a held-out share of {} is outside [0, 1)", share);
  std::map<int64_t, std::vector<int64_t>> of_class;
  for (int64_t i = 0; i < whole.size(); ++i) of_class[whole.label(i)].push_back(i);
  HeldOut parts;
  for (auto& [label, members] : of_class) {
    auto count = static_cast<int64_t>(members.size()), held = int64_t{0};
    if (share > 0 && count > 1)
      held = std::clamp<int64_t>(std::llround(share * static_cast<double>(count)), 1, count - 1);
    Random stream = random.stream(static_cast<uint64_t>(label));
    stream.shuffle(members);
    parts.held.insert(parts.held.end(), members.begin(), members.begin() + held);
    parts.kept.insert(parts.kept.end(), members.begin() + held, members.end());
  }
  std::sort(parts.held.begin(), parts.held.end());
  std::sort(parts.kept.begin(), parts.kept.end());
  return parts;
}

}  // namespace espalier
