#include "espalier/data/findings.h"

#include <algorithm>

#include <fmt/format.h>

#include "espalier/core/counted.h"

namespace espalier {
namespace {

template <class Wanted>
void add_copies(std::vector<Finding>& all,
                const DataCheck& check,
                bool harmful,
                const std::string& what,
                Wanted wanted) {
  int64_t groups = 0, pictures = 0;
  const DataCheck::Copies* first = nullptr;
  for (const DataCheck::Copies& group : check.copies) {
    if (!wanted(group)) continue;
    if (!first) first = &group;
    ++groups;
    pictures += static_cast<int64_t>(group.members.size());
  }
  if (!first) return;
  const auto& one = check.pictures[first->members[0]];
  const auto& other = check.pictures[first->members[1]];
  all.push_back({harmful, fmt::format("{} {} {} ({}), such as {} and {}", counted(groups, "group"),
                                      "of", what, counted(pictures, "picture"), one.id, other.id)});
}

void add_absences(std::vector<Finding>& all, const DataCheck& check) {
  if (check.parts.size() < 2) return;
  const std::vector<DataCheck::Absence> absences = check.absences();
  if (absences.empty()) return;
  const DataCheck::Absence& first = absences[0];
  all.push_back(
      {false, fmt::format("{} missing from some part, such as '{}' from {}",
                          counted(static_cast<int64_t>(absences.size()), "class", "classes") +
                              (absences.size() == 1 ? " is" : " are"),
                          check.class_names[static_cast<size_t>(first.id)],
                          fmt::join(first.parts, " and "))});
}

void add_small_pictures(std::vector<Finding>& all, const DataCheck& check) {
  std::vector<int> sides;
  for (const CheckedPicture& one : check.pictures)
    if (!one.broken()) sides.push_back(std::min(one.width, one.height));
  if (sides.empty()) return;
  const auto middle = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  std::nth_element(sides.begin(), middle, sides.end());
  const int64_t small =
      std::count_if(sides.begin(), sides.end(), [&](int side) { return side * 4 < *middle; });
  if (small > 0)
    all.push_back(
        {false, fmt::format("{} smaller than a quarter of the usual short side ({} px)",
                            counted(small, "picture") + (small == 1 ? " is" : " are"), *middle)});
}

}  // namespace

std::vector<Finding> findings(const DataCheck& check) {
  using Copies = DataCheck::Copies;
  std::vector<Finding> all;
  if (!check.refusal.empty())
    all.push_back({true, "training refuses these data: " + check.refusal});
  if (const int64_t leaked = check.leaked(); leaked > 0)
    all.push_back(
        {true, fmt::format("{} outside of train {} a copy in train, so scores on {} flatter",
                           counted(leaked, "picture"), leaked == 1 ? "has" : "have",
                           leaked == 1 ? "it" : "them")});
  add_copies(all, check, true, "exact copies in train and elsewhere",
             [](const Copies& g) { return g.leak && g.exact; });
  add_copies(all, check, true, "near copies in train and elsewhere",
             [](const Copies& g) { return g.leak && !g.exact; });
  add_copies(all, check, true, "copies with different labels",
             [](const Copies& g) { return g.conflict; });
  if (const int64_t broken = check.broken(); broken > 0) {
    const auto first = std::find_if(check.pictures.begin(), check.pictures.end(),
                                    [](const CheckedPicture& one) { return one.broken(); });
    all.push_back({true, fmt::format("{} cannot be read; the first: {}", counted(broken, "picture"),
                                     first->failure)});
  }
  for (const std::string& note : check.notes) all.push_back({false, note});
  add_absences(all, check);
  if (const double ratio = check.imbalance(); ratio >= 3)
    all.push_back(
        {false, fmt::format(
                    "classes are uneven: the largest has {:.1f} times the pictures of the smallest",
                    ratio)});
  add_copies(all, check, false, "exact copies inside a part",
             [](const Copies& g) { return !g.leak && !g.conflict && g.exact; });
  add_copies(all, check, false, "near copies inside a part",
             [](const Copies& g) { return !g.leak && !g.conflict && !g.exact; });
  add_small_pictures(all, check);
  return all;
}

}  // namespace espalier
