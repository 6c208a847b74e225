#include "espalier/tabular/encoding.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;
using Places = std::unordered_map<std::string_view, int32_t>;
constexpr int64_t kMostWidth = 1 << 20;

std::vector<int64_t> all_rows(const Table& table, std::span<const int64_t> rows) {
  if (!rows.empty()) return {rows.begin(), rows.end()};
  std::vector<int64_t> all(static_cast<size_t>(table.rows()));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

double fill_of(const Column& column, const std::vector<int64_t>& rows, const std::string& how) {
  std::vector<double> values;
  for (const int64_t row : rows) {
    const double value = column.numbers[static_cast<size_t>(row)];
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.empty() || how == "zero" || how == "error") return 0;
  if (how == "mean")
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

std::vector<std::string> words_of(const Column& column, const std::vector<int64_t>& rows) {
  std::vector<char> met(column.words.size());
  for (const int64_t row : rows)
    if (const int32_t code = column.codes[static_cast<size_t>(row)]; code >= 0)
      met[static_cast<size_t>(code)] = 1;
  std::vector<std::string> words;
  for (size_t i = 0; i < met.size(); ++i)
    if (met[i]) words.push_back(column.words[i]);
  return words;
}

std::string class_word(double value, ColumnKind kind) {
  if (kind == ColumnKind::boolean) return value != 0 ? "true" : "false";
  return fmt::format("{}", value);
}

std::vector<std::string> classes_of(const Column& target, const std::vector<int64_t>& rows) {
  if (!target.is_numeric()) return words_of(target, rows);
  std::vector<double> values;
  for (const int64_t row : rows) {
    const double value = target.numbers[static_cast<size_t>(row)];
    if (!std::isnan(value)) values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::vector<std::string> words;
  for (const double value : values) words.push_back(class_word(value, target.kind));
  return words;
}

void fit_target(const Table& table,
                const std::string& name,
                const std::vector<int64_t>& rows,
                Encoding& encoding) {
  const Column& column = table.at(name);
  encoding.target = {column.name, column.kind};
  if (encoding.goal == Goal::regress) {
    if (!column.is_numeric())
      fail(Kind::data, "the target '{}' holds words ({}), not numbers", name,
           column.words.empty() ? "none" : "'" + column.words[0] + "'");
    return;
  }
  if (column.kind == ColumnKind::text)
    fail(Kind::data,
         "the target '{}' has {} different values in {} rows; that is text, not a class", name,
         column.words.size(), table.rows());
  encoding.classes = classes_of(column, rows);
  if (encoding.classes.size() < 2)
    fail(Kind::data, "the target '{}' is {} in all rows; there is nothing to tell apart", name,
         encoding.classes.empty() ? "missing" : "'" + encoding.classes[0] + "'");
}

Places places_of(const std::vector<std::string>& words) {
  Places places;
  for (size_t i = 0; i < words.size(); ++i) places.emplace(words[i], static_cast<int32_t>(i));
  return places;
}

[[noreturn]] void refuse_cell(const Table& table,
                              size_t row,
                              const std::string& name,
                              const std::string& why) {
  fail(Kind::data, "line {}, column '{}': {}", table.lines[row], name, why);
}

void encode_numbers(const Table& table,
                    const Column& from,
                    const EncodedColumn& column,
                    const Encoding& encoding,
                    int64_t at,
                    Matrix<double>& x) {
  for (size_t i = 0; i < from.numbers.size(); ++i) {
    double value = from.numbers[i];
    if (std::isinf(value)) refuse_cell(table, i, from.name, "an infinite number");
    if (std::isnan(value)) {
      if (encoding.config.missing_numbers == "error")
        refuse_cell(table, i, from.name, "the number is missing");
      value = column.fill;
    }
    x(static_cast<int64_t>(i), at) = value;
  }
}

void encode_words(const Table& table,
                  const Column& from,
                  const EncodedColumn& column,
                  const Encoding& encoding,
                  int64_t at,
                  Matrix<double>& x) {
  const Places places = places_of(column.words);
  const int32_t other = static_cast<int32_t>(column.words.size());
  std::vector<int32_t> place_of(from.words.size(), other);
  for (size_t w = 0; w < place_of.size(); ++w)
    if (const auto found = places.find(from.words[w]); found != places.end())
      place_of[w] = found->second;
  for (size_t i = 0; i < from.codes.size(); ++i) {
    const int32_t code = from.codes[i];
    const int32_t place = code < 0 ? other : place_of[static_cast<size_t>(code)];
    if (place == other && code >= 0 && encoding.config.unseen == "error")
      refuse_cell(
          table, i, from.name,
          fmt::format("'{}' did not occur in training", from.words[static_cast<size_t>(code)]));
    const int64_t row = static_cast<int64_t>(i);
    if (encoding.config.encoding == "ordinal")
      x(row, at) = place;
    else if (place != other)
      x(row, at + place) = 1;
  }
}

int64_t width_of(const EncodedColumn& column, const EncodingConfig& config) {
  const bool numeric =
      column.type.kind == ColumnKind::number || column.type.kind == ColumnKind::boolean;
  return numeric || config.encoding == "ordinal" ? 1 : static_cast<int64_t>(column.words.size());
}

ColumnKind kind_from(const std::string& name) {
  for (const ColumnKind kind :
       {ColumnKind::number, ColumnKind::boolean, ColumnKind::category, ColumnKind::text})
    if (kind_name(kind) == name) return kind;
  fail(Kind::format, "'{}' is no kind of column", name);
}

Goal goal_from(const std::string& name) {
  for (const Goal goal : {Goal::classify, Goal::regress, Goal::describe})
    if (goal_name(goal) == name) return goal;
  fail(Kind::format, "'{}' is no goal", name);
}

}  // namespace

std::string_view goal_name(Goal goal) {
  switch (goal) {
    case Goal::classify:
      return "classify";
    case Goal::regress:
      return "regress";
    case Goal::describe:
      return "describe";
  }
  return "";
}

Fields fields(EncodingConfig& c) {
  return {
      field("encoding", c.encoding, "of categories; auto: what suits the model")
          .one_of({"auto", "one-hot", "ordinal"}),
      field("missing_numbers", c.missing_numbers, "what a missing number becomes; error: a refusal")
          .one_of({"mean", "median", "zero", "error"}),
      field("unseen", c.unseen, "a word that training did not have: as if missing, or a refusal")
          .one_of({"other", "error"})};
}

int64_t Encoding::width() const {
  int64_t sum = 0;
  for (const EncodedColumn& column : columns) sum += width_of(column, config);
  return sum;
}

std::vector<std::string> Encoding::names() const {
  std::vector<std::string> names;
  for (const EncodedColumn& column : columns) {
    if (column.words.empty() || config.encoding == "ordinal")
      names.push_back(column.type.name);
    else
      for (const std::string& word : column.words) names.push_back(column.type.name + "=" + word);
  }
  return names;
}

std::vector<int64_t> Encoding::categories() const {
  std::vector<int64_t> counts;
  for (const EncodedColumn& column : columns) {
    if (config.encoding == "ordinal" || column.words.empty())
      counts.push_back(column.words.empty() ? 0 : static_cast<int64_t>(column.words.size()) + 1);
    else
      counts.insert(counts.end(), column.words.size(), 2);
  }
  return counts;
}

std::vector<ColumnType> Encoding::wanted(bool with_target) const {
  std::vector<ColumnType> types;
  for (const EncodedColumn& column : columns) types.push_back(column.type);
  if (with_target && !target.name.empty()) types.push_back(target);
  return types;
}

Matrix<double> Encoding::encode(const Table& table) const {
  Matrix<double> x(table.rows(), width());
  int64_t at = 0;
  for (const EncodedColumn& column : columns) {
    const Column& from = table.at(column.type.name);
    const bool numeric = column.words.empty();
    if (from.is_numeric() != numeric)
      fail(Kind::data, "column '{}' is {}, but was {} in training", from.name, kind_name(from.kind),
           kind_name(column.type.kind));
    (numeric ? encode_numbers : encode_words)(table, from, column, *this, at, x);
    at += width_of(column, config);
  }
  return x;
}

std::vector<int32_t> Encoding::labels(const Table& table) const {
  const Column& column = table.at(target.name);
  const Places places = places_of(classes);
  const size_t rows = static_cast<size_t>(table.rows());
  std::vector<int32_t> labels(rows, -1);
  for (size_t i = 0; i < rows; ++i) {
    if (column.is_numeric() ? std::isnan(column.numbers[i]) : column.codes[i] < 0) continue;
    const std::string word = column.is_numeric()
                                 ? class_word(column.numbers[i], target.kind)
                                 : column.words[static_cast<size_t>(column.codes[i])];
    const auto found = places.find(word);
    if (found == places.end())
      refuse_cell(table, i, target.name, fmt::format("class '{}' did not occur in training", word));
    labels[i] = found->second;
  }
  return labels;
}

std::vector<double> Encoding::numbers(const Table& table) const {
  const Column& column = table.at(target.name);
  for (size_t i = 0; i < column.numbers.size(); ++i)
    if (std::isinf(column.numbers[i])) refuse_cell(table, i, target.name, "an infinite number");
  return column.numbers;
}

Encoding fit_encoding(const Table& table,
                      const std::string& target,
                      Goal goal,
                      const EncodingConfig& config,
                      std::span<const int64_t> listed) {
  if (table.rows() == 0) fail(Kind::data, "the table has no rows");
  const std::vector<int64_t> rows = all_rows(table, listed);
  Encoding encoding{
      .config = config, .goal = goal, .columns = {}, .target = {}, .classes = {}, .left_out = {}};
  if (config.encoding == "auto") encoding.config.encoding = "one-hot";
  if (goal != Goal::describe) fit_target(table, target, all_rows(table, {}), encoding);
  for (const Column& column : table.columns) {
    if (column.name == target) continue;
    EncodedColumn encoded{.type = {column.name, column.kind}, .fill = 0, .words = {}};
    const bool empty = column.missing == table.rows();
    if (column.kind == ColumnKind::text || empty) {
      encoding.left_out.push_back(column.name);
      continue;
    }
    if (column.is_numeric())
      encoded.fill = fill_of(column, rows, config.missing_numbers);
    else
      encoded.words = words_of(column, rows);
    if (!column.is_numeric() && encoded.words.empty())
      encoding.left_out.push_back(column.name);
    else
      encoding.columns.push_back(std::move(encoded));
  }
  if (encoding.columns.empty()) fail(Kind::data, "no column is left to learn from");
  if (encoding.width() > kMostWidth)
    fail(Kind::unsupported, "{} columns after encoding, more than {}", encoding.width(),
         kMostWidth);
  return encoding;
}

Json to_json(const Encoding& encoding) {
  EncodingConfig config = encoding.config;
  Json json = {{"goal", goal_name(encoding.goal)}};
  const nlohmann::json options = to_json(fields(config));
  for (const auto& [key, value] : options.items()) json[key] = value;
  Json columns = Json::array();
  for (const EncodedColumn& column : encoding.columns) {
    Json one = {{"name", column.type.name}, {"kind", kind_name(column.type.kind)}};
    if (column.words.empty())
      one["fill"] = column.fill;
    else
      one["words"] = column.words;
    columns.push_back(std::move(one));
  }
  json["columns"] = std::move(columns);
  json["target"] = {{"name", encoding.target.name}, {"kind", kind_name(encoding.target.kind)}};
  json["classes"] = encoding.classes;
  json["left_out"] = encoding.left_out;
  return json;
}

Encoding encoding_from_json(const Json& json) {
  Encoding encoding;
  try {
    encoding.goal = goal_from(json.at("goal").get<std::string>());
    for (const Field& option : fields(encoding.config))
      set_field(fields(encoding.config), option.name, json.at(option.name).get<std::string>());
    for (const Json& from : json.at("columns")) {
      EncodedColumn column;
      column.type = {from.at("name").get<std::string>(),
                     kind_from(from.at("kind").get<std::string>())};
      const bool numeric =
          column.type.kind == ColumnKind::number || column.type.kind == ColumnKind::boolean;
      if (numeric)
        column.fill = from.at("fill").get<double>();
      else
        column.words = from.at("words").get<std::vector<std::string>>();
      if (!numeric && column.words.empty())
        fail(Kind::format, "column '{}' has no words", column.type.name);
      encoding.columns.push_back(std::move(column));
    }
    const Json& target = json.at("target");
    encoding.target = {target.at("name").get<std::string>(),
                       kind_from(target.at("kind").get<std::string>())};
    encoding.classes = json.at("classes").get<std::vector<std::string>>();
    encoding.left_out = json.at("left_out").get<std::vector<std::string>>();
  } catch (const Json::exception& error) {
    fail(Kind::format, "{}", error.what());
  } catch (const Error& error) {
    throw Error(Kind::format, error.what());
  }
  if (encoding.columns.empty() || encoding.config.encoding == "auto" ||
      (encoding.goal == Goal::classify && encoding.classes.size() < 2))
    fail(Kind::format, "an encoding without columns, classes or a way to encode");
  return encoding;
}

}  // namespace espalier
