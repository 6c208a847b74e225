#include "espalier/prune/budget.h"

#include <charconv>
#include <cmath>
#include <span>
#include <string_view>

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
                                      {"bytes", &PrunedCost::bytes},
                                      {"latency", &PrunedCost::latency_ns}};

// What may stand behind a number, the longest first.
struct Unit {
  std::string_view text;
  double factor;
};
constexpr Unit kTimes[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
constexpr Unit kCounts[] = {{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"k", 1e3},
                            {"K", 1e3},  {"M", 1e6},  {"G", 1e9},  {"B", 1}};

int64_t parse_most(const std::string& pair, std::string text, bool is_time, int64_t whole) {
  const Unit* unit = nullptr;
  for (const Unit& candidate : is_time ? std::span<const Unit>(kTimes) : kCounts)
    if (!unit && text.ends_with(candidate.text)) unit = &candidate;
  if (unit) text.resize(text.size() - unit->text.size());
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool readable = status == std::errc() && end == text.data() + text.size();
  if (!readable || !(value > 0) || value > 1e15 || (is_time && !unit && value > 1))
    fail(Kind::usage, "the budget '{}' has no number behind '=': say 0.5, {}", pair,
         is_time ? "3ms or 800us" : "100M or 1.5MB");
  bool share = !unit && value <= 1;
  return std::llround(value * (share ? static_cast<double>(whole) : unit ? unit->factor : 1));
}

std::string text_of(const Limit& limit, int64_t amount) {
  if (limit.figure == &PrunedCost::latency_ns)
    return fmt::format("{:.3f} ms", static_cast<double>(amount) / 1e6);
  return fmt::format("{}", amount);
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
      return fmt::format("{} {} of at most {}", limit.name, text_of(limit, cost.*limit.figure),
                         text_of(limit, limit.most));
  return "";
}

Limit* Budget::latency() {
  for (Limit& limit : limits)
    if (limit.figure == &PrunedCost::latency_ns) return &limit;
  return nullptr;
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
    budget.limits.push_back(
        {figure.name, figure.figure,
         parse_most(pair, pair.substr(equals + 1), figure.figure == &PrunedCost::latency_ns,
                    whole.*figure.figure)});
  }
  return budget;
}

}  // namespace espalier
