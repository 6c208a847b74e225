#include "app/data_check.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/data/findings.h"
#include "espalier/report/data_page.h"

namespace espalier {
namespace {

constexpr size_t kMostRows = 60;  // classes on the terminal

void print_row(const std::string& name, const std::vector<std::string>& cells) {
  fmt::print("  {:<28}", name);
  for (const std::string& cell : cells) fmt::print(" {:>9}", cell);
  fmt::print("\n");
}

template <class Of>
std::vector<std::string> row_of(const DataCheck& check, Of of) {
  std::vector<std::string> cells;
  for (const DataCheck::Part& part : check.parts) cells.push_back(of(part));
  return cells;
}

void print_counts(const DataCheck& check) {
  print_row("", row_of(check, [](const auto& part) { return part.name; }));
  print_row("pictures", row_of(check, [](const auto& part) { return with_commas(part.pictures); }));
  for (size_t c = 0; c < std::min(check.class_names.size(), kMostRows); ++c)
    print_row(check.class_names[c],
              row_of(check, [&](const auto& part) { return with_commas(part.per_class[c]); }));
  if (check.class_names.size() > kMostRows)
    fmt::print("  ... and {} more classes (--json or --out lists all)\n",
               check.class_names.size() - kMostRows);
}

void print_sizes(const DataCheck& check) {
  std::vector<int> widths, heights;
  for (const CheckedPicture& one : check.pictures)
    if (!one.broken()) widths.push_back(one.width), heights.push_back(one.height);
  if (widths.empty()) return;
  std::sort(widths.begin(), widths.end());
  std::sort(heights.begin(), heights.end());
  fmt::print("sizes: width {} to {} (median {}), height {} to {} (median {})\n", widths.front(),
             widths.back(), widths[widths.size() / 2], heights.front(), heights.back(),
             heights[heights.size() / 2]);
}

}  // namespace

int run_data_check(const Arguments& arguments) {
  std::string where, out;
  SplitConfig split;
  CheckConfig config;
  CommandLine line(
      "espalier data check PATH [flags]",
      "counts, balance, sizes, unreadable files, copies and near copies within and across "
      "splits.\nExit code 0: nothing harmful; 3: unreadable pictures, copies across splits "
      "or with different labels, or data that training refuses");
  line.positional("data", where,
                  "what --data of train takes, or a folder of pictures without classes");
  line.add({field("out", out, "HTML page to write: findings, charts and a contact sheet")});
  line.add(fields(config));
  line.add(fields(split));
  if (!line.parse(arguments)) return 0;

  install_interrupt_handler();
  const DataCheck check = check_data(where, split, config);
  if (!out.empty()) write_file_atomic(out, data_page(check));
  if (line.common().json) {
    nlohmann::ordered_json result = to_json(check);
    result["out"] = out;
    fmt::print("{}\n", result.dump());
  } else {
    fmt::print("{}\n\n", check.description);
    print_counts(check);
    fmt::print("\n");
    print_sizes(check);
    const std::vector<Finding> all = findings(check);
    for (const Finding& one : all) fmt::print("{} {}\n", one.harmful ? "!" : "-", one.text);
    if (all.empty()) fmt::print("nothing to mend\n");
    if (!out.empty()) fmt::print("{}\n", out);
  }
  return check.harmful() ? exit_code(Kind::data) : 0;
}

}  // namespace espalier
