#include "espalier/prune/budget.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"

namespace espalier {
namespace {

struct Figure {
  std::string name;
  int64_t PrunedCost::*figure;
};
const std::vector<Figure> kFigures = {{"macs", &PrunedCost::macs},
                                      {"params", &PrunedCost::parameters},
                                      {"bytes", &PrunedCost::bytes}};

int64_t parse_most(const std::string& pair, std::string text, int64_t whole) {
  if (text.ends_with('B')) text.pop_back();
  double unit = 1;
  if (!text.empty())
    if (size_t power = std::string("kMG").find(text.back() == 'K' ? 'k' : text.back());
        power != std::string::npos) {
      unit = std::pow(1000.0, static_cast<double>(power + 1));
      text.pop_back();
    }
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || !(value > 0) || value > 1e15)
    fail(Kind::usage, "the budget '{}' has no number behind '=': say 0.5, 100M or 1.5MB", pair);
  bool share = unit == 1 && value <= 1;
  return std::llround(share ? value * static_cast<double>(whole) : value * unit);
}

}  // namespace

bool Budget::holds(const PrunedCost& cost) const {
  for (const Limit& limit : limits)
    if (cost.*limit.figure > limit.most) return false;
  return true;
}

std::string Budget::excess(const PrunedCost& cost) const {
  for (const Limit& limit : limits)
    if (cost.*limit.figure > limit.most)
      return fmt::format("{} {} of at most {}", limit.name, cost.*limit.figure, limit.most);
  return "";
}

Budget parse_budget(const std::string& text, const PrunedCost& whole) {
  Budget budget;
  for (size_t begin = 0; begin <= text.size();) {
    size_t end = std::min(text.find(',', begin), text.size());
    std::string pair = text.substr(begin, end - begin);
    begin = end + 1;
    size_t equals = pair.find('=');
    if (equals == std::string::npos)
      fail(Kind::usage, "the budget '{}' wants a figure and the most of it: macs=0.5", pair);
    const Figure& figure = find_named(kFigures, pair.substr(0, equals), "budget");
    budget.limits.push_back({figure.name, figure.figure,
                             parse_most(pair, pair.substr(equals + 1), whole.*figure.figure)});
  }
  return budget;
}

}  // namespace espalier
