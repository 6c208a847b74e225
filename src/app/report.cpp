// espalier report RUN...: one HTML page for a run, or several side by side.
#include "espalier/report/report.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"

#include "app/verbs.h"

namespace espalier {

int run_report(const Arguments& arguments) {
  std::vector<std::string> runs;
  std::string out;
  CommandLine line("espalier report RUN... [flags]",
                   "writes one self-contained HTML page for a run, or several side by side");
  line.positionals("run", runs, "run folders");
  line.add(
      {field("out", out,
             "HTML file; empty: report.html in the run, or comparison.html here for several")});
  if (!line.parse(arguments)) return 0;
  if (runs.empty()) fail(Kind::usage, "name at least one run folder");
  fs::path html = !out.empty()       ? fs::path(out)
                  : runs.size() == 1 ? fs::path(runs[0]) / "report.html"
                                     : fs::path("comparison.html");
  write_report({runs.begin(), runs.end()}, html);
  if (line.common().json)
    fmt::print("{}\n", nlohmann::json{{"report", html.string()}}.dump());
  else
    fmt::print("{}\n", html.string());
  return 0;
}

}  // namespace espalier
