// Tables of names: an explicit list of rows, looked up by name, with the nearest name offered for a
// wrong one.
//
//   struct Row { std::string name; std::string help; ... };
//   const Row& row = find_named(rows, name, "model");   // throws Error(usage) with advice
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "espalier/core/error.h"

namespace espalier {

// Damerau-Levenshtein distance (insert, delete, substitute, swap of neighbours; each costs 1).
int edit_distance(std::string_view a, std::string_view b);

// The candidate closest to `name`, or "" when none is close enough to be a likely slip.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

// "unknown model 'resnet19' (did you mean resnet18?)", or the whole list when nothing is near and
// it is short.
std::string unknown_name(std::string_view what,
                         std::string_view name,
                         const std::vector<std::string>& candidates);

template <class Rows>
const auto& find_named(const Rows& rows, std::string_view name, std::string_view what) {
  std::vector<std::string> names;
  for (const auto& row : rows) {
    if (row.name == name) return row;
    names.push_back(row.name);
  }
  throw Error(Kind::usage, unknown_name(what, name, names));
}

}  // namespace espalier
