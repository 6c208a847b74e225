#include "app/diagnosis.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/report/diagnosis_page.h"

namespace espalier {

void keep_diagnosis(const Diagnosis& diagnosis, const fs::path& run) {
  fs::path name = fs::absolute(run).lexically_normal();
  if (!name.has_filename()) name = name.parent_path();
  write_file_atomic(run / "diagnosis.json", to_json(diagnosis).dump(1) + "\n");
  write_file_atomic(run / "diagnosis.html", diagnosis_page(diagnosis, name.filename().string()));
}

void print_diagnosis(const Diagnosis& diagnosis, const fs::path& run) {
  const char* lead = "why not better: ";
  for (const FoundCause& cause : judge(diagnosis)) {
    fmt::print("{}{}\n  {}\n  {}\n", lead, cause_name(cause.cause), cause.because, cause.advice);
    lead = "also: ";
  }
  for (const NotRun& one : diagnosis.not_run) fmt::print("not run: {}: {}\n", one.part, one.why);
  fmt::print("{}\n", (run / "diagnosis.html").string());
}

}  // namespace espalier
