#include "espalier/data/balance.h"

#include <map>

namespace espalier {

std::vector<Draw> balanced_order(const std::vector<int64_t>& labels, Random random) {
  std::map<int64_t, std::vector<int64_t>> by_label;
  for (size_t i = 0; i < labels.size(); ++i) by_label[labels[i]].push_back(static_cast<int64_t>(i));
  std::vector<std::vector<int64_t>> classes;
  for (auto& [label, samples] : by_label) classes.push_back(std::move(samples));
  random.shuffle(classes);  // the first ones get the rest
  std::vector<Draw> order;
  for (size_t c = 0; c < classes.size(); ++c) {
    std::vector<int64_t>& samples = classes[c];
    size_t draws = labels.size() / classes.size() + (c < labels.size() % classes.size() ? 1 : 0);
    for (size_t i = 0; i < draws; ++i) {
      if (i % samples.size() == 0) random.shuffle(samples);
      order.push_back({samples[i % samples.size()], static_cast<int64_t>(i / samples.size())});
    }
  }
  random.shuffle(order);
  return order;
}

}  // namespace espalier
