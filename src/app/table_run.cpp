// espalier train table, and eval and predict of such a run.
#include "app/table_run.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/format/csv.h"
#include "espalier/metrics/mean_scores.h"
#include "espalier/report/report.h"
#include "espalier/tabular/table_diagnosis.h"
#include "espalier/tabular/table_recipe.h"

#include "app/diagnosis.h"
#include "app/print_scores.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;
constexpr int64_t kRowsAtOnce = 1 << 16;

// --model NAME, --model=NAME or model=NAME: it decides which flags there are.
std::string model_named(const Arguments& arguments, std::string model) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--model" && i + 1 < arguments.size()) model = arguments[i + 1];
    for (const char* start : {"--model=", "model="})
      if (arguments[i].starts_with(start)) model = arguments[i].substr(std::string(start).size());
  }
  return model;
}

void print_folds(const std::vector<Scores>& folds) {
  fmt::print("means over {} folds\n", folds.size());
  print_scores(mean_scores(folds));
}

// The configuration that the run's table was read with, for tables like it.
TableConfig reading_of(const fs::path& run, const std::string& model) {
  TableRecipe recipe;
  recipe.model = model;
  recipe.choose_learner();
  read_toml(fields(recipe), run / "config.toml");
  return recipe.table;
}

TableScore score_file(const TableModel& model, const fs::path& run, const std::string& data) {
  const Table table = read_table(data, reading_of(run, model.name), model.encoding.wanted(true));
  return with_context("reading " + data, [&] { return score_table(model, table); });
}

// What predict puts behind the cells of a row.
std::vector<std::string> answer_names(const TableModel& model, bool all, int64_t columns) {
  std::vector<std::string> names;
  const Encoding& encoding = model.encoding;
  if (encoding.goal == Goal::describe) {
    for (int64_t c = 0; c < columns; ++c) names.push_back(fmt::format("{}{}", model.name, c + 1));
    return names;
  }
  names.push_back(fmt::format("predicted {}", encoding.target.name));
  if (encoding.goal == Goal::classify) names.push_back("probability");
  if (encoding.goal == Goal::classify && all)
    for (const std::string& word : encoding.classes) names.push_back("p(" + word + ")");
  return names;
}

std::vector<std::string> answer_cells(const TableModel& model,
                                      bool all,
                                      const double* row,
                                      int64_t columns) {
  std::vector<std::string> cells;
  if (model.encoding.goal == Goal::classify) {
    const int64_t best = std::max_element(row, row + columns) - row;
    cells = {model.encoding.classes[static_cast<size_t>(best)], fmt::format("{}", row[best])};
    if (!all) return cells;
  }
  for (int64_t c = 0; c < columns; ++c) cells.push_back(fmt::format("{}", row[c]));
  return cells;
}

void append_row(std::string& text,
                const std::vector<std::string_view>& cells,
                const std::vector<std::string>& more,
                char separator) {
  const char* between = "";
  const std::string mark(1, separator);
  const auto add = [&](std::string_view cell) {
    text += between;
    text += csv_text(cell);
    between = mark.c_str();
  };
  for (const std::string_view cell : cells) add(cell);
  for (const std::string& cell : more) add(cell);
  text += '\n';
}

// Each row of `data` with the model's answer behind it, block by block, to `write`. Returns the rows.
int64_t answer_rows(const TableModel& model,
                    const fs::path& data,
                    const TableConfig& config,
                    bool all,
                    const std::function<void(const std::string&)>& write) {
  TableBlocks blocks(data, config, model.encoding.wanted(false));
  const char separator = config.separator.size() == 1 ? config.separator[0] : '\0';
  CsvReader reader(open_bytes(data), separator);
  std::vector<std::string_view> cells;
  std::string text;
  bool begun = false;
  int64_t rows = 0;
  Table block;
  while (blocks.next(block, kRowsAtOnce)) {
    const Matrix<double> answers = model.learner->predict(model.encoding.encode(block).view());
    if (!begun && config.header && reader.next(cells))
      append_row(text, cells, answer_names(model, all, answers.columns), reader.separator());
    begun = true;
    for (int64_t i = 0; i < answers.rows && reader.next(cells); ++i)
      append_row(text, cells, answer_cells(model, all, answers.row(i), answers.columns),
                 reader.separator());
    rows += answers.rows;
    write(text);
    text.clear();
  }
  if (!begun && config.header && reader.next(cells)) {
    int64_t columns = 0;
    if (model.encoding.goal == Goal::describe) {
      const Matrix<double> nothing(0, static_cast<int64_t>(model.encoding.names().size()));
      columns = model.learner->predict(nothing.view()).columns;
    }
    append_row(text, cells, answer_names(model, all, columns), reader.separator());
    write(text);
  }
  return rows;
}

// Scores the run on a table, keeps that in the run, and says it.
void score_run(const fs::path& run,
               const std::string& data,
               const std::string& split,
               bool quietly,
               Json& result) {
  const TableModel model = load_table_model(run);
  const TableScore score = score_file(model, run, data);
  write_table_score(run, split, score, model.encoding);
  write_report({run}, run / "report.html");
  add_scores(score.scores, result);
  result["rows"] = score.rows;
  if (quietly) return;
  print_scores(score.scores);
  fmt::print("{}\n", counted(score.rows, "row"));
}

}  // namespace

Answers answer_table(const fs::path& run, const std::string& data) {
  return score_file(load_table_model(run), run, data).answers;
}

bool is_about_a_table(const std::string& verb, const Arguments& arguments) {
  if (verb == "train") return !arguments.empty() && arguments[0] == "table";
  return std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
    return !word.starts_with('-') && is_table_model(word);
  });
}

int run_train_table(const Arguments& arguments) {
  std::string task, out;
  bool force = false;
  TableRecipe recipe;
  recipe.model = model_named(arguments, recipe.model);
  recipe.choose_learner();
  CommandLine line(
      "espalier train table --data CSV --target NAME --model MODEL [flags]",
      fmt::format("learns a column of a table; the last flags are those of {}", recipe.model));
  line.positional("task", task, "table");
  line.add({field("out", out, "run folder; empty: the next free runs/table-<n>"),
            field("force", force, "replace the run in --out")});
  line.add(fields(recipe));
  if (!line.parse(arguments)) return 0;

  RunFolder run = RunFolder::create(out.empty() ? next_run_folder("table") : fs::path(out), force);
  const TableOutcome outcome = train_table(recipe, run);
  write_report({run.path()}, run / "report.html");
  say(fmt::format("done in {:.2f} s: {}", outcome.seconds, (run / "report.html").string()));
  if (!line.common().json) {
    if (outcome.validation) {
      fmt::print("on {} held out\n", counted(outcome.validation->rows, "row"));
      print_scores(outcome.validation->scores);
    }
    if (!outcome.folds.empty()) print_folds(outcome.folds);
    return 0;
  }
  Json result = {{"out", run.path().string()},
                 {"model", recipe.model},
                 {"goal", goal_name(outcome.model.encoding.goal)},
                 {"rows", outcome.rows},
                 {"left_out", outcome.left_out},
                 {"seconds", outcome.seconds}};
  if (outcome.validation) result["validation"] = to_json(outcome.validation->scores);
  if (!outcome.folds.empty()) {
    result["folds"] = Json::array();
    for (const Scores& fold : outcome.folds) result["folds"].push_back(to_json(fold));
  }
  result["fit"] = outcome.model.learner->facts(outcome.model.encoding.names());
  fmt::print("{}\n", result.dump());
  return 0;
}

int run_eval_table(const Arguments& arguments) {
  std::string path, data, split = "test";
  bool why = false;
  DiagnoseConfig config;
  CommandLine line("espalier eval RUN --data CSV [flags]",
                   "scores a model of tables on another table, and says why it is not better");
  line.positional("run", path, "run folder");
  line.add({field("data", data, "CSV or TSV file with the columns that the run was trained on"),
            field("split", split, "what the table is called: eval-<split>.json in the run")
                .one_of({"train", "val", "test"}),
            field("diagnose", why,
                  "why is it not better? Learns anew from parts of the training table; without "
                  "--data the held-out rows are asked about")});
  line.add(fields(config));
  if (!line.parse(arguments)) return 0;
  if (data.empty() && !why) fail(Kind::usage, "--data names the table to score {} on", path);

  const fs::path run = path;
  Json result = {{"run", path}, {"data", data}, {"split", split}};
  if (!data.empty()) score_run(run, data, split, line.common().json, result);
  if (why) {
    install_interrupt_handler();
    const Diagnosis diagnosis = diagnose(table_subject(run, data, config), config);
    keep_diagnosis(diagnosis, run);
    if (!line.common().json) print_diagnosis(diagnosis, run);
    result["diagnosis"] = to_json(diagnosis);
  }
  if (line.common().json) fmt::print("{}\n", result.dump());
  return 0;
}

int run_predict_table(const Arguments& arguments) {
  std::string path, data, out;
  bool probabilities = false;
  CommandLine line("espalier predict RUN CSV [flags]",
                   "adds columns with the model's answer to a table");
  line.positional("run", path, "run folder");
  line.positional("table", data, "CSV or TSV file, plain or gzip");
  line.add({field("out", out, "CSV file; empty: standard output"),
            field("probabilities", probabilities, "a column for each class as well")});
  if (!line.parse(arguments)) return 0;
  if (out.empty() && line.common().json)
    fail(Kind::usage,
         "--json ends standard output with one object; --out takes the table elsewhere");

  const TableModel model = load_table_model(path);
  const TableConfig config = reading_of(path, model.name);
  int64_t rows = 0;
  if (out.empty()) {
    rows = answer_rows(model, data, config, probabilities, [](const std::string& text) {
      std::fwrite(text.data(), 1, text.size(), stdout);
    });
  } else {
    write_file_atomic(out, [&](std::ostream& stream) {
      rows = answer_rows(model, data, config, probabilities,
                         [&](const std::string& text) { stream << text; });
    });
  }
  if (line.common().json)
    fmt::print("{}\n", Json{{"run", path}, {"data", data}, {"out", out}, {"rows", rows}}.dump());
  return 0;
}

}  // namespace espalier
