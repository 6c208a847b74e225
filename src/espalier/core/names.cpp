#include "espalier/core/names.h"

#include <algorithm>

#include <fmt/ranges.h>

namespace espalier {

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<int> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int>(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      int change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  // A third of the letters may differ; of a short name one, since any two short names are close.
  int limit = name.size() < 4 ? 1 : std::max<int>(2, static_cast<int>(name.size()) / 3);
  int best_distance = limit + 1;
  for (const std::string& candidate : candidates) {
    int distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string unknown_name(std::string_view what,
                         std::string_view name,
                         const std::vector<std::string>& candidates) {
  std::string text = fmt::format("unknown {} '{}'", what, name);
  std::string near = nearest_name(name, candidates);
  if (!near.empty()) return text + fmt::format(" (did you mean {}?)", near);
  if (candidates.size() <= 24)
    return text + fmt::format(" (known: {})", fmt::join(candidates, ", "));
  return text;
}

}  // namespace espalier
