#include "espalier/metrics/answers.h"

#include <charconv>
#include <unordered_map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/format/csv.h"

namespace espalier {
namespace {

fs::path answers_file(const fs::path& folder, const std::string& split) {
  return folder / fmt::format("eval-{}.csv", split);
}

std::string probability_name(const Answers& answers) {
  return answers.classes.size() == 2 ? fmt::format("p({})", answers.classes[1]) : "p(truth)";
}

double number_in(const CsvRow& row, size_t cell) {
  const std::string& text = row.cells.at(cell);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail(Kind::format, "line {}: '{}' is not a number", row.line, text);
  return value;
}

std::vector<std::string> class_names(const fs::path& json) {
  try {
    const auto record = nlohmann::json::parse(read_file(json));
    return record.value("classes", std::vector<std::string>());
  } catch (const nlohmann::json::exception&) {
    fail(Kind::format, "{}: no record of an evaluation", json.string());
  }
}

void read_rows(const CsvTable& table, Answers& answers) {
  const bool classes = !answers.classes.empty();
  std::vector<std::string> wanted = {"id", "truth", "predicted"};
  if (classes) wanted.push_back(probability_name(answers));
  if (table.header != wanted)
    fail(Kind::format, "line 1: the columns are not {}", fmt::join(wanted, ", "));
  std::unordered_map<std::string, int32_t> number;
  for (const std::string& name : answers.classes)
    number.emplace(name, static_cast<int32_t>(number.size()));
  const auto class_in = [&](const CsvRow& row, size_t cell) {
    const auto found = number.find(row.cells[cell]);
    if (found == number.end())
      fail(Kind::format, "line {}: there is no class '{}'", row.line, row.cells[cell]);
    return found->second;
  };
  for (const CsvRow& row : table.rows) {
    answers.id.push_back(row.cells[0]);
    if (classes) {
      answers.truth.push_back(class_in(row, 1));
      answers.answer.push_back(class_in(row, 2));
      answers.probability.push_back(number_in(row, 3));
    } else {
      answers.true_number.push_back(number_in(row, 1));
      answers.number.push_back(number_in(row, 2));
    }
  }
}

}  // namespace

void write_answers(const fs::path& folder, const std::string& split, const Answers& answers) {
  const bool classes = !answers.classes.empty();
  std::string text = "id,truth,predicted";
  if (classes) text += "," + csv_text(probability_name(answers));
  text += "\n";
  std::vector<std::string> names;
  for (const std::string& name : answers.classes) names.push_back(csv_text(name));
  for (size_t i = 0; i < answers.id.size(); ++i) {
    text += csv_text(answers.id[i]);
    if (classes)
      fmt::format_to(std::back_inserter(text), ",{},{},{}\n",
                     names[static_cast<size_t>(answers.truth[i])],
                     names[static_cast<size_t>(answers.answer[i])], answers.probability[i]);
    else
      fmt::format_to(std::back_inserter(text), ",{},{}\n", answers.true_number[i],
                     answers.number[i]);
  }
  write_file_atomic(answers_file(folder, split), text);
}

std::optional<Answers> read_answers(const fs::path& folder, const std::string& split) {
  const fs::path file = answers_file(folder, split),
                 record = folder / fmt::format("eval-{}.json", split);
  if (!fs::exists(file) || !fs::exists(record)) return std::nullopt;
  Answers answers;
  answers.classes = class_names(record);
  with_context("reading " + file.string(), [&] { read_rows(parse_csv(read_file(file)), answers); });
  return answers;
}

}  // namespace espalier
