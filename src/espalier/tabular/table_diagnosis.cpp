#include "espalier/tabular/table_diagnosis.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/tabular/table_split.h"

namespace espalier {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Seconds or so: only the order counts. NaN for what is no date of the form 2021-03-04, with or without a time of day.
double moment(const std::string& word) {
  constexpr double kRoom[] = {1, 13, 32, 24, 60, 61};  // of year, month, day, hour, minute, second
  double sum = 0;
  size_t part = 0;
  for (size_t at = 0; at < word.size() && part < 6; ++part) {
    size_t end = at;
    while (end < word.size() && std::isdigit(static_cast<unsigned char>(word[end]))) ++end;
    if (end == at || end - at > 4 || (part == 0 && end - at != 4)) return kUnknown;
    sum = sum * kRoom[part] + std::stod(word.substr(at, end - at));
    at = end + 1;
  }
  if (part < 2) return kUnknown;
  for (; part < 6; ++part) sum *= kRoom[part];
  return sum;
}

// Of each row; empty where the column holds neither numbers nor dates.
std::vector<double> moments(const Column& column) {
  if (column.is_numeric()) return column.numbers;
  std::vector<double> of_word;
  for (const std::string& word : column.words) {
    of_word.push_back(moment(word));
    if (std::isnan(of_word.back())) return {};
  }
  std::vector<double> times;
  for (const int32_t code : column.codes)
    times.push_back(code < 0 ? kUnknown : of_word[static_cast<size_t>(code)]);
  return times;
}

// Whether one of its words is date, time, ...: "sale_date", "model year".
bool says_when(const std::string& name) {
  std::string word;
  const auto is_one = [&] {
    return word == "date" || word == "datetime" || word == "time" || word == "timestamp" ||
           word == "year";
  };
  for (const char c : name) {
    if (std::isalpha(static_cast<unsigned char>(c))) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    if (is_one()) return true;
    word.clear();
  }
  return is_one();
}

void find_time(const Table& table, const std::string& asked, Subject& subject) {
  if (!asked.empty()) {
    subject.time = moments(table.at(asked));
    subject.time_column = asked;
    if (subject.time.empty())
      fail(Kind::data, "column '{}' holds neither numbers nor dates such as 2021-03-04", asked);
    return;
  }
  for (const Column& column : table.columns) {
    if (column.name == subject.target || !says_when(column.name)) continue;
    subject.time = moments(column);
    subject.time_column = column.name;
    if (!subject.time.empty()) return;
  }
}

std::vector<ColumnGroup> groups_of(const Encoding& encoding) {
  std::vector<ColumnGroup> groups;
  int64_t at = 0;
  for (const EncodedColumn& column : encoding.columns) {
    const bool one = column.words.empty() || encoding.config.encoding == "ordinal";
    const int64_t width = one ? 1 : static_cast<int64_t>(column.words.size());
    groups.push_back({column.type.name, at, at + width});
    at += width;
  }
  return groups;
}

}  // namespace

Subject table_subject(const fs::path& run, const fs::path& data, const DiagnoseConfig& config) {
  const TableModel model = load_table_model(run);
  if (model.encoding.goal == Goal::describe)
    fail(Kind::usage, "{} learned from no target; there is nothing to be better at", model.name);
  TableRecipe recipe;
  recipe.model = model.name;
  recipe.choose_learner();
  read_toml(fields(recipe), run / "config.toml");
  if (!fs::exists(recipe.data))
    fail(Kind::usage,
         "{} was trained on {}, which is not there; a diagnosis learns anew from it, so run it "
         "where "
         "it is",
         run.string(), recipe.data);
  const Encoding& encoding = model.encoding;
  const Table table =
      with_known_target(read_table(recipe.data, recipe.table), encoding.target.name, encoding.goal);
  const std::vector<double> places = places_of(strata(table, encoding.target.name, encoding.goal),
                                               Random(static_cast<uint64_t>(recipe.seed)));
  const SplitRows split = split_rows(places, 0, recipe.holdout);
  const Table train = part_of(table, split.train);

  Subject subject{.model = model.name,
                  .target = encoding.target.name,
                  .train = with_context("reading " + recipe.data,
                                        [&] { return labelled_rows(encoding, train); })};
  subject.train_lines = train.lines;
  subject.columns = groups_of(encoding);
  subject.classes = encoding.classes;
  find_time(train, config.time, subject);
  if (!data.empty())
    subject.asked = with_context("reading " + data.string(), [&] {
      return labelled_rows(encoding,
                           with_known_target(read_table(data, recipe.table, encoding.wanted(true)),
                                             encoding.target.name, encoding.goal));
    });
  else if (!split.held_out.empty())
    subject.asked = labelled_rows(encoding, part_of(table, split.held_out));
  const std::shared_ptr<Learner> like = fresh_learner(model.name, *model.learner);
  subject.settings = [name = model.name, like](const LabelledRows& rows, int64_t teach) {
    return settings_around(name, *like, rows, teach);
  };
  return subject;
}

}  // namespace espalier
