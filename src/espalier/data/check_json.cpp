#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "espalier/data/check.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kListed = 1000;

Json counts_of(const DataCheck& check) {
  Json parts = Json::object();
  for (const DataCheck::Part& part : check.parts) {
    Json per_class = Json::object();
    for (size_t c = 0; c < check.class_names.size(); ++c)
      per_class[check.class_names[c]] = part.per_class[c];
    parts[part.name] = {{"pictures", part.pictures},
                        {"broken", part.broken},
                        {"unlabelled", part.unlabelled},
                        {"classes", per_class}};
  }
  return parts;
}

// The commonest sizes first.
Json sizes_of(const DataCheck& check) {
  std::map<std::pair<int, int>, int64_t> counts;
  for (const CheckedPicture& one : check.pictures)
    if (!one.broken()) ++counts[{one.width, one.height}];
  std::vector<std::pair<std::pair<int, int>, int64_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  Json list = Json::array();
  for (size_t i = 0; i < std::min(order.size(), kListed); ++i)
    list.push_back({{"width", order[i].first.first},
                    {"height", order[i].first.second},
                    {"pictures", order[i].second}});
  return {{"different", order.size()}, {"commonest", list}};
}

// Of the groups that `wanted` picks: their number and the first of them.
template <class Wanted>
Json groups_of(const DataCheck& check, Wanted wanted) {
  Json list = Json::array();
  int64_t count = 0;
  for (const DataCheck::Copies& group : check.copies) {
    if (!wanted(group)) continue;
    if (static_cast<size_t>(count++) >= kListed) continue;
    Json members = Json::array();
    for (size_t i : group.members) {
      const CheckedPicture& one = check.pictures[i];
      Json classes = Json::array();
      for (int64_t id : one.classes) classes.push_back(check.class_names[static_cast<size_t>(id)]);
      members.push_back(
          {{"id", one.id}, {"part", check.parts[one.part].name}, {"classes", classes}});
    }
    list.push_back({{"exact", group.exact}, {"pictures", members}});
  }
  return {{"groups", count}, {"listed", list}};
}

}  // namespace

Json to_json(const DataCheck& check) {
  Json broken = Json::array(), absent = Json::array();
  for (const CheckedPicture& one : check.pictures)
    if (one.broken() && broken.size() < kListed)
      broken.push_back(
          {{"id", one.id}, {"part", check.parts[one.part].name}, {"reason", one.failure}});
  for (const DataCheck::Absence& one : check.absences())
    absent.push_back(
        {{"class", check.class_names[static_cast<size_t>(one.id)]}, {"parts", one.parts}});
  using Copies = DataCheck::Copies;
  return {{"data", check.where},
          {"description", check.description},
          {"pictures", check.pictures.size()},
          {"classes", check.class_names},
          {"multi_label", check.multi_label},
          {"refusal", check.refusal},
          {"parts", counts_of(check)},
          {"imbalance", check.imbalance()},
          {"sizes", sizes_of(check)},
          {"broken", {{"pictures", check.broken()}, {"listed", broken}}},
          {"leaked", check.leaked()},
          {"leaks", groups_of(check, [](const Copies& g) { return g.leak; })},
          {"conflicts", groups_of(check, [](const Copies& g) { return g.conflict; })},
          {"duplicates", groups_of(check, [](const Copies& g) { return g.exact; })},
          {"near_duplicates", groups_of(check, [](const Copies& g) { return !g.exact; })},
          {"absent", absent},
          {"harmful", check.harmful()},
          {"seconds", check.seconds}};
}

}  // namespace espalier
