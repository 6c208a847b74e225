#include "espalier/report/run_record.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "espalier/core/error.h"
#include "espalier/report/html.h"
#include "espalier/report/json_reader.h"
#include "espalier/report/read_evaluation.h"
#include "espalier/report/read_pruning.h"

namespace espalier {
namespace {

using Json = JsonReader::Json;
constexpr uint64_t kMostJson = uint64_t{64} << 20;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

std::optional<std::string> read_if_there(const fs::path& path, Warnings& warnings, uint64_t most) {
  std::error_code error;
  if (!fs::exists(path, error)) return std::nullopt;
  try {
    return read_file(path, most);
  } catch (const Error& failure) {
    // Only the name: a page that travels should not tell where it was made.
    warnings.add(path.filename().string() + ": cannot be read (missing permission, or too large)");
    return std::nullopt;
  }
}

std::optional<Json> parse_json(const std::string& bytes,
                               const std::string& place,
                               Warnings& warnings) {
  try {
    return Json::parse(bytes);
  } catch (const Json::exception& failure) {
    // "[json.exception.parse_error.101] parse error at line 3, column 7: ..." without the bracket, and without the line where
    // the text is itself one line of a file.
    std::string what = failure.what();
    what.erase(0, what.find("] ") + 2);
    constexpr std::string_view kOneLine = "line 1, ";
    const size_t line = what.find(kOneLine);
    if (place.find(", line ") != std::string::npos && line != std::string::npos)
      what.erase(line, kOneLine.size());
    warnings.add(place + ": " + what);
    return std::nullopt;
  }
}

std::optional<Json> load_json(const fs::path& path, Warnings& warnings) {
  const std::optional<std::string> bytes = read_if_there(path, warnings, kMostJson);
  if (!bytes) return std::nullopt;
  return parse_json(*bytes, path.filename().string(), warnings);
}

// A run that was resumed says some steps twice; the later account holds.
template <class Record>
void append(std::vector<Record>& records, const Record& record) {
  while (!records.empty() && records.back().step >= record.step) records.pop_back();
  records.push_back(record);
}

void add_step(const JsonReader& line, RunRecord& run) {
  const std::optional<double> step = line.number("step");
  if (!step) return line.complain("a step without its number");
  append(run.steps,
         StepRecord{.step = *step,
                    .epoch = line.number("epoch").value_or(kNone),
                    .loss = line.number("loss").value_or(kNone),
                    .lr = line.number("lr").value_or(kNone),
                    .images_per_second = line.number("images_per_second").value_or(kNone)});
}

void add_epoch(const JsonReader& line, const std::string& text, RunRecord& run) {
  const std::optional<double> epoch = line.number("epoch");
  if (!epoch) return line.complain("an epoch without its number");
  EpochRecord record{.epoch = *epoch,
                     .step = line.number("step").value_or(*epoch),
                     .train_loss = line.number("train_loss").value_or(kNone),
                     .seconds = line.number("seconds").value_or(kNone),
                     .scores = {}};
  record.scores = read_scores(line, text);
  append(run.epochs, record);
}

void add_line(const JsonReader& line, const std::string& text, RunRecord& run) {
  const std::string kind = line.text("kind");
  if (kind == "step") return add_step(line, run);
  if (kind == "epoch") return add_epoch(line, text, run);
  if (kind != "failure") return;  // a kind of a later version
  ++run.failure_count;
  const SampleReason failure{line.text("id"), line.text("reason")};
  const bool known = std::any_of(run.failures.begin(), run.failures.end(),
                                 [&](const auto& f) { return f.id == failure.id; });
  if (known)
    --run.failure_count;  // met again in another epoch
  else if (run.failures.size() < 100)
    run.failures.push_back(failure);
}

void read_metrics(const fs::path& path, RunRecord& run, Warnings& warnings) {
  const std::optional<std::string> bytes = read_if_there(path, warnings, uint64_t{512} << 20);
  if (!bytes) return;
  size_t number = 0;
  for (size_t begin = 0; begin < bytes->size();) {
    const size_t end = bytes->find('\n', begin);
    const std::string line = bytes->substr(begin, end == std::string::npos ? end : end - begin);
    begin = end == std::string::npos ? bytes->size() : end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    if (end == std::string::npos && !Json::accept(line))
      continue;  // the run was killed while writing it
    const std::string place = fmt::format("metrics.jsonl, line {}", number);
    if (const std::optional<Json> json = parse_json(line, place, warnings))
      add_line(JsonReader(*json, place, warnings), line, run);
  }
}

std::string plain_text(const Json& value) {
  if (value.is_string()) return shortened(value.get_ref<const std::string&>(), 200);
  if (value.is_number() || value.is_boolean()) return value.dump();
  if (!value.is_array()) return "";
  std::string joined;
  for (const Json& item : value) {
    if (!item.is_number() || joined.size() > 100) return "";
    joined += (joined.empty() ? "" : " × ") + item.dump();
  }
  return joined;
}

void read_cost_and_data(const JsonReader& summary, Facts& facts) {
  if (const Json* found = summary.object("cost")) {
    const JsonReader cost = summary.inside(*found, "cost");
    facts.parameters = cost.number("parameters");
    facts.macs = cost.number("macs");
    facts.latency_ms = cost.number("latency_ms");
    if (found->contains("input")) facts.input = plain_text(found->at("input"));
  }
  if (const Json* found = summary.object("dataset")) {
    const JsonReader dataset = summary.inside(*found, "dataset");
    facts.train = dataset.number("train");
    facts.val = dataset.number("val");
    facts.test = dataset.number("test");
  }
  if (const Json* found = summary.object("best")) {
    const JsonReader best = summary.inside(*found, "best");
    facts.best_epoch = best.number("epoch");
    facts.best_score = best.text("score");
    facts.best_value = best.number("value");
  }
}

void read_fit(const JsonReader& summary, FitFacts& fit) {
  fit.target = summary.text("target");
  if (const Json* found = summary.object("cross_validation")) {
    const JsonReader folds = summary.inside(*found, "cross_validation");
    fit.folds = folds.number("folds");
    fit.cross_validation = read_scores(folds, found->dump());
  }
  const Json* found = summary.object("fit");
  if (found == nullptr) return;
  for (const auto& [name, value] : found->items())
    if (value.is_primitive() && !value.is_null() && fit.facts.size() < 30)
      fit.facts.emplace_back(shortened(name, 60), value.is_number_float()
                                                      ? fmt::format("{:.6g}", value.get<double>())
                                                      : plain_text(value));
  const JsonReader fitted = summary.inside(*found, "fit");
  if (const Json* list = fitted.array("coefficients"))
    for (size_t i = 0; i < std::min<size_t>(list->size(), 1000); ++i) {
      const JsonReader one = fitted.inside((*list)[i], fmt::format("coefficients[{}]", i));
      fit.coefficients.push_back(
          {one.text("column"), one.number("coefficient"), one.number("error"), one.number("t")});
    }
}

void read_failures(const JsonReader& summary, RunRecord& run) {
  const Json* found = summary.object("failures");
  if (found == nullptr) return;
  const JsonReader failures = summary.inside(*found, "failures");
  std::vector<SampleReason> named;
  if (const Json* list = failures.array("named"))
    for (size_t i = 0; i < std::min<size_t>(list->size(), 100); ++i) {
      const JsonReader one = failures.inside((*list)[i], fmt::format("named[{}]", i));
      named.push_back({one.text("id"), one.text("reason")});
    }
  run.failure_count =
      std::max(failures.count("count").value_or(0), static_cast<int64_t>(named.size()));
  run.failures = std::move(named);
}

void read_summary(const fs::path& path, RunRecord& run, Warnings& warnings) {
  const std::optional<Json> json = load_json(path, warnings);
  if (!json) return;
  const JsonReader summary(*json, "summary.json", warnings);
  Facts facts;
  facts.task = summary.text("task");
  facts.model = summary.text("model");
  facts.data = summary.text("data");
  facts.machine = summary.text("machine");
  facts.precision = summary.text("precision");
  if (json->is_object() && json->contains("classes")) {
    const Json& classes = json->at("classes");
    facts.classes =
        classes.is_array() ? static_cast<double>(classes.size()) : summary.number("classes");
  }
  facts.threads = summary.number("threads");
  facts.seconds = summary.number("seconds");
  facts.epochs = summary.number("epochs");
  facts.seed = summary.number("seed");
  facts.baseline_accuracy = summary.number("baseline_accuracy");
  if (const Json* found = summary.object("probe")) {
    const Scores scores = read_scores(summary.inside(*found, "probe"), found->dump());
    for (const Score& score : scores.items)
      if (score.name == "accuracy") facts.probe_accuracy = score.value;
  }
  if (const Json* versions = summary.object("versions"))
    for (const auto& [name, version] : versions->items())
      if (facts.versions.size() < 30)
        facts.versions.emplace_back(shortened(name, 60), plain_text(version));
  read_cost_and_data(summary, facts);
  read_fit(summary, facts.fit);
  read_failures(summary, run);
  run.facts = std::move(facts);
}

std::string value_text(const toml::node& value) {
  if (const auto* text = value.as_string()) return text->get();
  if (const auto* number = value.as_floating_point()) return fmt::format("{}", number->get());
  if (const toml::array* list = value.as_array()) {
    std::string joined;
    for (const toml::node& item : *list) {
      if (joined.size() > 300) break;
      joined +=
          (joined.empty() ? "" : ", ") + (item.is_array() ? std::string("[…]") : value_text(item));
    }
    return "[" + joined + "]";
  }
  std::ostringstream text;
  value.visit([&](const auto& node) { text << node; });
  return text.str();
}

void flatten(const toml::table& table, const std::string& prefix, RunRecord& run) {
  for (const auto& [key, value] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const toml::table* inner = value.as_table()) {
      flatten(*inner, name + ".", run);
      continue;
    }
    run.config.emplace_back(shortened(name, 100), shortened(value_text(value), 300));
  }
}

// toml++ takes a stack frame a level of a dotted key, so the length of a line bounds the depth.
bool too_deep(const std::string& text, size_t most = 2000) {
  size_t begin = 0;
  for (size_t end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    if (end - begin > most) return true;
  return text.size() - begin > most;
}

void read_config(const fs::path& path, RunRecord& run, Warnings& warnings) {
  const std::optional<std::string> text = read_if_there(path, warnings, uint64_t{256} << 10);
  if (!text) return;
  run.config_text = *text;
  if (too_deep(*text))
    return warnings.add(
        "config.toml: a line of more than 2,000 characters; shown, but not compared");
  try {
    flatten(toml::parse(*text), "", run);
  } catch (const toml::parse_error& failure) {
    warnings.add(fmt::format("config.toml, line {}: {}", failure.source().begin.line,
                             failure.description()));
  }
}

void read_export(const fs::path& path, RunRecord& run, Warnings& warnings) {
  const std::optional<Json> json = load_json(path, warnings);
  if (!json) return;
  const JsonReader reader(*json, "export.json", warnings);
  run.exported = ExportFacts{reader.number("onnx_max_abs_diff"), reader.number("nodes"),
                             reader.number("opset"), reader.number("bytes")};
}

void read_evaluations(const fs::path& folder, RunRecord& run, Warnings& warnings) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("eval-") && name.ends_with(".json") && name.size() > 10)
      names.push_back(name);
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::make_pair(a != "eval-test.json", a) < std::make_pair(b != "eval-test.json", b);
  });
  if (names.size() > 8) names.resize(8);
  for (const std::string& name : names) {
    const std::optional<std::string> text = read_if_there(folder / name, warnings, kMostJson);
    if (!text) continue;
    if (const std::optional<Json> json = parse_json(*text, name, warnings))
      run.evaluations.push_back(read_evaluation(JsonReader(*json, name, warnings), *text, folder,
                                                name.substr(5, name.size() - 10)));
  }
}

}  // namespace

RunRecord read_run(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    fail(Kind::io, "{} is no run folder (there is no such folder)", folder.string());
  RunRecord run;
  const fs::path absolute = fs::weakly_canonical(folder, error);
  run.name = absolute.filename().string();
  Warnings warnings(run.warnings);
  read_metrics(folder / "metrics.jsonl", run, warnings);
  read_summary(folder / "summary.json", run, warnings);
  read_config(folder / "config.toml", run, warnings);
  read_evaluations(folder, run, warnings);
  read_export(folder / "export.json", run, warnings);
  if (const std::optional<Json> json = load_json(folder / "prune.json", warnings))
    run.pruning = read_pruning(JsonReader(*json, "prune.json", warnings));
  const bool nothing = run.steps.empty() && run.epochs.empty() && run.failure_count == 0 &&
                       !run.facts && run.config_text.empty() && run.evaluations.empty() &&
                       run.warnings.empty();
  if (nothing)
    fail(Kind::usage,
         "{} holds nothing of a run; give the folder that 'espalier train' wrote (--out)",
         folder.string());
  return run;
}

}  // namespace espalier
