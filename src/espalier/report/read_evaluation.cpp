#include "espalier/report/read_evaluation.h"

#include <algorithm>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/report/html.h"
#include "espalier/report/picture.h"

namespace espalier {
namespace {

using Json = JsonReader::Json;
constexpr size_t kMostClasses = 10000, kMostPictures = 24, kMostPairs = 12, kMostCurves = 8,
                 kMostPoints = 1000;

void read_classes(const JsonReader& file, Evaluation& evaluation) {
  const Json* classes = file.array("classes");
  if (classes == nullptr) return;
  if (classes->size() > kMostClasses) return file.complain("more than 10,000 classes; left out");
  for (const Json& name : *classes) {
    if (!name.is_string()) {
      evaluation.classes.clear();
      return file.complain("a name in 'classes' is no text");
    }
    evaluation.classes.push_back(shortened(name.get_ref<const std::string&>(), 60));
  }
}

// All or nothing: half a matrix would mislead.
void read_confusion(const JsonReader& file, Evaluation& evaluation) {
  const Json* rows = file.array("confusion");
  if (rows == nullptr) return;
  const size_t classes = evaluation.classes.size();
  const auto spoilt = [&](size_t row) {
    evaluation.confusion.clear();
    file.complain(
        fmt::format("'confusion' row {} does not hold {} counts; left out", row, classes));
  };
  if (rows->size() != classes) return spoilt(rows->size());
  for (size_t t = 0; t < classes; ++t) {
    const Json& row = (*rows)[t];
    if (!row.is_array() || row.size() != classes) return spoilt(t);
    std::vector<int64_t>& counts = evaluation.confusion.emplace_back();
    for (const Json& cell : row) {
      if (!cell.is_number_integer() || cell.get<double>() < 0 || cell.get<double>() > 1e12)
        return spoilt(t);
      counts.push_back(cell.get<int64_t>());
    }
  }
}

double share_of(const JsonReader& row, const std::string& key, double otherwise = 0) {
  return std::clamp(row.number(key).value_or(otherwise), 0.0, 1.0);
}

void read_per_class(const JsonReader& file, Evaluation& evaluation) {
  const Json* rows = file.array("per_class");
  if (rows == nullptr) return;
  if (rows->size() != evaluation.classes.size())
    return file.complain(fmt::format("'per_class' has {} rows for {} classes; left out",
                                     rows->size(), evaluation.classes.size()));
  for (size_t c = 0; c < rows->size(); ++c) {
    const JsonReader row = file.inside((*rows)[c], fmt::format("per_class[{}]", c));
    evaluation.per_class.push_back(
        {.support = row.count("support").value_or(0),
         .predicted = row.count("predicted").value_or(0),
         .precision = share_of(row, "precision"),
         .recall = share_of(row, "recall"),
         .f1 = share_of(row, "f1"),
         .recall_interval = {share_of(row, "recall_low"), share_of(row, "recall_high", 1)}});
  }
}

void read_reliability(const JsonReader& file, Evaluation& evaluation) {
  const Json* bins = file.array("reliability");
  if (bins == nullptr) return;
  if (bins->size() > 100) return file.complain("more than 100 'reliability' bins; left out");
  for (size_t b = 0; b < bins->size(); ++b) {
    const JsonReader bin = file.inside((*bins)[b], fmt::format("reliability[{}]", b));
    evaluation.reliability.push_back({.low = share_of(bin, "low"),
                                      .high = share_of(bin, "high"),
                                      .count = bin.count("count").value_or(0),
                                      .confidence = share_of(bin, "confidence"),
                                      .accuracy = share_of(bin, "accuracy")});
  }
}

// [[x, y], ...], shares; all or nothing, as half a curve would mislead.
std::vector<SharePoint> read_points(const JsonReader& curve, const std::string& key) {
  std::vector<SharePoint> points;
  const Json* list = curve.array(key);
  if (list == nullptr) return points;
  for (const Json& point : *list) {
    const bool pair = point.is_array() && point.size() == 2 && point[0].is_number() &&
                      point[1].is_number() && points.size() < kMostPoints;
    if (!pair) {
      curve.complain(
          fmt::format("'{}' is no list of at most {} points; left out", key, kMostPoints));
      return {};
    }
    points.push_back({std::clamp(point[0].get<double>(), 0.0, 1.0),
                      std::clamp(point[1].get<double>(), 0.0, 1.0)});
  }
  return points;
}

void read_curves(const JsonReader& file, Evaluation& evaluation) {
  const Json* list = file.array("curves");
  if (list == nullptr) return;
  for (size_t i = 0; i < std::min(list->size(), kMostCurves); ++i) {
    const JsonReader item = file.inside((*list)[i], fmt::format("curves[{}]", i));
    const std::optional<int64_t> of_class = item.count("class");
    if (!of_class || *of_class >= static_cast<int64_t>(evaluation.classes.size())) {
      item.complain("'class' is none of the classes; left out");
      continue;
    }
    ClassCurve& curve = evaluation.curves.emplace_back();
    curve.of_class = *of_class;
    curve.auc = share_of(item, "auc");
    curve.average_precision = share_of(item, "average_precision");
    curve.share = share_of(item, "share");
    curve.roc = read_points(item, "roc");
    curve.precision_recall = read_points(item, "precision_recall");
    const Json* found = item.object("answers");
    if (found == nullptr) continue;
    const JsonReader answers = item.inside(*found, "answers");
    curve.true_positive_rate = share_of(answers, "true_positive_rate");
    curve.false_positive_rate = share_of(answers, "false_positive_rate");
    curve.precision = share_of(answers, "precision");
  }
}

// "truth" and "predicted" are class names, or indices into `classes`.
std::string class_text(const JsonReader& item,
                       const std::string& key,
                       const Evaluation& evaluation) {
  const Json& json = item.json();
  if (json.is_object() && json.contains(key) && json.at(key).is_number()) {
    const std::optional<int64_t> index = item.count(key);
    if (index && *index < static_cast<int64_t>(evaluation.classes.size()))
      return evaluation.classes[static_cast<size_t>(*index)];
    return index ? fmt::format("class {}", *index) : "";
  }
  return item.text(key);
}

std::string picture_of(const JsonReader& item,
                       const std::string& key,
                       const fs::path& folder,
                       bool& small) {
  const std::string name = item.text(key);
  if (name.empty()) return "";
  try {
    const InlinePicture picture = inline_picture(folder, name);
    small = picture.width > 0 && picture.width < 64;
    return picture.uri;
  } catch (const Error& failure) {
    item.complain(failure.kind() == Kind::format
                      ? failure.what()
                      : fmt::format("the picture '{}' cannot be read", name));
    return "";
  }
}

// "object" or "part" of a picture or of all; nothing without both numbers.
std::optional<EvidenceShare> read_share(const JsonReader& item, const std::string& key) {
  const Json* found = item.object(key);
  if (found == nullptr) return std::nullopt;
  const JsonReader share = item.inside(*found, key);
  if (!share.number("share") || !share.number("even")) return std::nullopt;
  return EvidenceShare{share_of(share, "share"), share_of(share, "even")};
}

std::optional<MeanEvidenceShare> read_mean_share(const JsonReader& item, const std::string& key) {
  const std::optional<EvidenceShare> mean = read_share(item, key);
  if (!mean) return std::nullopt;
  const JsonReader share = item.inside(*item.object(key), key);
  MeanEvidenceShare result{
      .pictures = share.count("pictures").value_or(0), .mean = *mean, .interval = {}};
  if (share.number("low") && share.number("high"))
    result.interval = {share_of(share, "low"), share_of(share, "high")};
  return result;
}

void read_evidence(const JsonReader& file, Evaluation& evaluation) {
  const Json* found = file.object("evidence");
  if (found == nullptr) return;
  const JsonReader evidence = file.inside(*found, "evidence");
  evaluation.object = read_mean_share(evidence, "object");
  evaluation.part = read_mean_share(evidence, "part");
  if (const Json* failures = evidence.array("failures"))
    evaluation.unmeasured = static_cast<int64_t>(failures->size());
}

ShownPrediction read_prediction(const JsonReader& item,
                                const fs::path& folder,
                                const Evaluation& evaluation) {
  ShownPrediction one;
  one.id = item.text("id");
  one.truth = class_text(item, "truth", evaluation);
  one.predicted = class_text(item, "predicted", evaluation);
  one.confidence = share_of(item, "confidence");
  bool evidence_small = false;
  one.image = picture_of(item, "image", folder, one.small);
  one.evidence = picture_of(item, "evidence", folder, evidence_small);
  one.object = read_share(item, "object");
  one.part = read_share(item, "part");
  return one;
}

std::vector<ShownPrediction> read_predictions(const JsonReader& file,
                                              const std::string& key,
                                              const fs::path& folder,
                                              const Evaluation& evaluation) {
  std::vector<ShownPrediction> shown;
  const Json* list = file.array(key);
  if (list == nullptr) return shown;
  for (size_t i = 0; i < std::min(list->size(), kMostPictures); ++i) {
    const JsonReader item = file.inside((*list)[i], fmt::format("{}[{}]", key, i));
    shown.push_back(read_prediction(item, folder, evaluation));
  }
  return shown;
}

std::vector<LookAlikePair> read_pairs(const JsonReader& file,
                                      const fs::path& folder,
                                      const Evaluation& evaluation) {
  std::vector<LookAlikePair> pairs;
  const Json* list = file.array("pairs");
  if (list == nullptr) return pairs;
  for (size_t i = 0; i < std::min(list->size(), kMostPairs); ++i) {
    const JsonReader item = file.inside((*list)[i], fmt::format("pairs[{}]", i));
    const Json* mistaken = item.object("mistaken");
    if (mistaken == nullptr) continue;
    LookAlikePair& pair = pairs.emplace_back();
    pair.truth = class_text(item, "truth", evaluation);
    pair.taken_for = class_text(item, "taken_for", evaluation);
    pair.count = item.count("count").value_or(0);
    pair.other_way = item.count("other_way").value_or(0);
    pair.mistaken = read_prediction(item.inside(*mistaken, "mistaken"), folder, evaluation);
    if (const Json* right = item.object("right"))
      pair.right = read_prediction(item.inside(*right, "right"), folder, evaluation);
  }
  return pairs;
}

std::optional<Score> read_score(const JsonReader& scores,
                                const std::string& name,
                                const Json& entry) {
  if (!entry.is_object()) {
    const std::optional<double> value = scores.number(name);
    if (!value) return std::nullopt;
    return Score{shortened(name, 60), *value, true, std::nullopt, ""};
  }
  const JsonReader fields = scores.inside(entry, shortened(name, 60));
  const std::optional<double> value = fields.number("value"), low = fields.number("low"),
                              high = fields.number("high");
  if (!value) return std::nullopt;
  Score score{shortened(name, 60), *value, true, std::nullopt, fields.text("help")};
  if (low && high && *low <= *high) score.interval = Interval{*low, *high};
  const auto direction = entry.find("higher_is_better");
  if (direction != entry.end() && direction->is_boolean())
    score.higher_is_better = direction->get<bool>();
  return score;
}

}  // namespace

Scores read_scores(const JsonReader& file, const std::string& text) {
  Scores out;
  const Json* object = file.object("scores");
  if (object == nullptr) return out;
  const JsonReader scores = file.inside(*object, "scores");
  for (const std::string& name : keys_in_order(text, "scores")) {
    const auto entry = object->find(name);
    const bool again = std::any_of(out.items.begin(), out.items.end(),
                                   [&](const Score& s) { return s.name == name; });
    if (entry == object->end() || again || out.items.size() >= 50) continue;
    if (std::optional<Score> score = read_score(scores, name, *entry)) out.items.push_back(*score);
  }
  return out;
}

Evaluation read_evaluation(const JsonReader& file,
                           const std::string& text,
                           const fs::path& folder,
                           const std::string& split) {
  Evaluation evaluation;
  evaluation.split = split;
  evaluation.mirrored = file.text("tta") == "flip";
  evaluation.scores = read_scores(file, text);
  read_classes(file, evaluation);
  read_confusion(file, evaluation);
  read_per_class(file, evaluation);
  read_reliability(file, evaluation);
  read_curves(file, evaluation);
  evaluation.mistakes = read_predictions(file, "mistakes", folder, evaluation);
  evaluation.examples = read_predictions(file, "examples", folder, evaluation);
  evaluation.looks = read_predictions(file, "looks", folder, evaluation);
  evaluation.pairs = read_pairs(file, folder, evaluation);
  read_evidence(file, evaluation);
  return evaluation;
}

}  // namespace espalier
