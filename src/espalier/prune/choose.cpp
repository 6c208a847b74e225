#include "espalier/prune/choose.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "espalier/core/error.h"
#include "espalier/core/names.h"

namespace espalier {

Fields fields(WidthConfig& config) {
  return {field("round_to", config.round_to,
                "widths become multiples of it where a layer has so many channels; 0: of 16, of "
                "less in layers of under 64, so that time falls as the multiply-adds do")
              .between(0, 1024),
          field("least_width", config.least_width, "share of each layer's channels that stays")
              .between(0, 1),
          field("keep_whole", config.keep_whole,
                "groups of which no channel goes, by the name that --groups prints")};
}

namespace {

// How many atoms of a group make a multiple of what is wanted in channels.
int64_t step_of(int64_t round_to, const ChannelGroup& group) {
  const int64_t channels = group.size * group.width;
  if (round_to == 0)
    for (round_to = 16; round_to > 1 && round_to > channels / 4;) round_to /= 2;
  return round_to / std::gcd(round_to, group.width);
}

}  // namespace

AllowedCounts::AllowedCounts(const ChannelGroup& group, const WidthConfig& config)
    : size_(group.size), least_(1), step_(step_of(config.round_to, group)) {
  if (step_ > size_) {  // too narrow to be rounded: left as it is
    step_ = 1;
    least_ = size_;
  }
  least_ = std::max<int64_t>(
      least_, std::llround(std::ceil(config.least_width * static_cast<double>(size_))));
  if (std::find(config.keep_whole.begin(), config.keep_whole.end(), group.name) !=
      config.keep_whole.end())
    least_ = size_;
}

int64_t AllowedCounts::below(int64_t count) const {
  const int64_t lower = (count - 1) / step_ * step_;
  return lower >= least_ ? lower : 0;
}

int64_t AllowedCounts::nearest(double wish) const {
  auto count = std::clamp<int64_t>(std::llround(wish), least_, size_);
  if (count == size_) return size_;
  int64_t rounded = (count + step_ / 2) / step_ * step_;
  if (rounded < least_) rounded += step_;
  return std::min(rounded, size_);
}

WidthChoice::WidthChoice(const Structure& structure,
                         const CostModel& cost,
                         Budget budget,
                         const WidthConfig& config)
    : structure_(structure), cost_(cost), budget_(std::move(budget)) {
  std::vector<std::string> names;
  for (const ChannelGroup& group : structure.groups) names.push_back(group.name);
  for (const std::string& kept : config.keep_whole)
    if (std::find(names.begin(), names.end(), kept) == names.end())
      throw Error(Kind::usage, "keep_whole: " + unknown_name("group", kept, names));
  Counts least;
  for (const ChannelGroup& group : structure.groups) {
    allowed_.emplace_back(group, config);
    least.push_back(allowed_.back().least());
  }
  if (std::string excess = budget_.excess(cost.at(least)); !excess.empty())
    fail(Kind::usage,
         "the budget cannot be held: with every layer as narrow as it may be the network has {} "
         "(--least-width {}, --round-to {})",
         excess, config.least_width, config.round_to);
}

Counts WidthChoice::largest(int64_t most, const std::function<Counts(int64_t)>& counts) const {
  int64_t holds = 0, fails = most + 1;
  while (fails - holds > 1) {
    int64_t middle = holds + (fails - holds) / 2;
    (budget_.holds(cost_.at(counts(middle))) ? holds : fails) = middle;
  }
  return counts(holds);
}

Counts WidthChoice::scaled(const std::vector<double>& shares) const {
  constexpr int64_t kSteps = 1 << 20;
  // A factor large enough to bring the smallest share to 1.
  double top = 1 / std::max(1e-3, *std::min_element(shares.begin(), shares.end()));
  Counts counts = largest(kSteps, [&](int64_t step) {
    double factor = top * static_cast<double>(step) / kSteps;
    Counts counts;
    for (size_t i = 0; i < shares.size(); ++i)
      counts.push_back(allowed_[i].nearest(std::min(1.0, factor * shares[i]) *
                                           static_cast<double>(structure_.groups[i].size)));
    return counts;
  });
  // Layers that are equally wide would all take the next width at once, which may be too much; as
  // many as fit take it alone, the last ones first.
  for (size_t i = counts.size(); i-- > 0;) {
    int64_t before = counts[i];
    for (int64_t wish = before + 1; counts[i] == before && wish <= structure_.groups[i].size;
         ++wish)
      counts[i] = allowed_[i].nearest(static_cast<double>(wish));
    if (!budget_.holds(cost_.at(counts))) counts[i] = before;
  }
  return counts;
}

Counts WidthChoice::widest() const {
  Counts counts = structure_.whole();
  for (PrunedCost cost = cost_.at(counts); !budget_.holds(cost); cost = cost_.at(counts)) {
    size_t best = counts.size();
    double most = -1;
    for (size_t i = 0; i < counts.size(); ++i) {
      const int64_t now = counts[i], then = allowed_[i].below(now);
      if (then == 0) continue;
      counts[i] = then;
      const PrunedCost less = cost_.at(counts);
      counts[i] = now;
      double saved = 0;  // of the figures that are too large, as shares of what they may be
      for (const Limit& limit : budget_.limits)
        if (cost.*limit.figure > limit.most)
          saved += static_cast<double>(cost.*limit.figure - less.*limit.figure) /
                   static_cast<double>(limit.most);
      const double gain = saved / std::log(static_cast<double>(now) / static_cast<double>(then));
      if (gain > most) {
        most = gain;
        best = i;
      }
    }
    if (best == counts.size())  // the constructor has seen that the narrowest holds it
      fail(Kind::internal, "no group is left to narrow");
    counts[best] = allowed_[best].below(counts[best]);
  }
  return counts;
}

Counts WidthChoice::ranked(const std::vector<double>& scores) const {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  return largest(static_cast<int64_t>(order.size()), [&](int64_t staying) {
    Counts counts(structure_.groups.size(), 0);
    for (size_t i = 0; i < static_cast<size_t>(staying); ++i)
      ++counts[static_cast<size_t>(structure_.group_of[order[i]])];
    for (size_t i = 0; i < counts.size(); ++i)
      counts[i] = allowed_[i].nearest(static_cast<double>(counts[i]));
    return counts;
  });
}

std::vector<bool> WidthChoice::best(const Counts& counts, const std::vector<double>& scores) const {
  std::vector<bool> keep(structure_.group_of.size(), false);
  for (size_t i = 0; i < counts.size(); ++i) {
    const ChannelGroup& group = structure_.groups[i];
    std::vector<size_t> order(static_cast<size_t>(group.size));
    std::iota(order.begin(), order.end(), static_cast<size_t>(group.first));
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    for (int64_t k = 0; k < counts[i]; ++k) keep[order[static_cast<size_t>(k)]] = true;
  }
  return keep;
}

}  // namespace espalier
