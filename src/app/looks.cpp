#include "app/looks.h"

#include <algorithm>
#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/data/parts.h"
#include "espalier/data/subset.h"
#include "espalier/format/png.h"
#include "espalier/report/class_charts.h"
#include "espalier/report/overlay.h"
#include "espalier/tasks/evidence.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr size_t kMeasured = 200, kPictures = 12, kPairs = 6;
constexpr int64_t kBatch = 25;

int64_t true_class(const Predictions& predictions, size_t i) {
  return predictions.truth[i].labels[0].id;
}

int64_t answer(const Predictions& predictions, size_t i) {
  return predictions.predicted[i].labels[0].id;
}

float confidence(const Predictions& predictions, size_t i) {
  return predictions.predicted[i].labels[0].score;
}

std::vector<size_t> positions_of(const Predictions& predictions, int64_t truth, int64_t answered) {
  std::vector<size_t> found;
  for (size_t i = 0; i < predictions.truth.size(); ++i)
    if (true_class(predictions, i) == truth && answer(predictions, i) == answered)
      found.push_back(i);
  return found;
}

size_t surest(const Predictions& predictions, const std::vector<size_t>& positions) {
  return *std::max_element(positions.begin(), positions.end(), [&](size_t a, size_t b) {
    return confidence(predictions, a) < confidence(predictions, b);
  });
}

}  // namespace

struct Looks::View {
  Image picture;
  Raster<float> evidence;
  std::optional<EvidenceShare> object, part;
};

Looks::Looks(ClassifyTask& task,
             const DatasetPtr& data,
             const Predictions& predictions,
             KnownPlaces places)
    : task_(task), data_(data), predictions_(predictions), places_(std::move(places)) {}

bool Looks::places_known() const {
  return places_.masked || std::any_of(predictions_.truth.begin(), predictions_.truth.end(),
                                       [](const Annotation& truth) {
                                         return !truth.alpha.empty() || !truth.semantic.empty() ||
                                                !truth.instances.empty();
                                       });
}

// Calls `use` with the place in `looks` and what is seen there; a picture that cannot be read is
// among the failures instead.
void Looks::view(const DatasetPtr& data,
                 const std::vector<Look>& looks,
                 const std::function<void(size_t, const View&)>& use,
                 std::vector<SampleFailure>& failures) {
  std::vector<int64_t> indices;
  for (const Look& look : looks) indices.push_back(predictions_.indices[look.position]);
  Loader loader = evaluation_loader(subset(data, indices), task_.meta(), kBatch, 2);
  loader.start_epoch(0);
  while (std::optional<Batch> batch = loader.next()) {
    failures.insert(failures.end(), batch->failures.begin(), batch->failures.end());
    if (batch->count == 0) continue;
    std::vector<int64_t> classes;
    for (int64_t k : batch->indices) classes.push_back(looks[static_cast<size_t>(k)].evidence_for);
    const std::vector<Raster<float>> maps = evidence_maps(
        task_.model(), to_tensor(*batch, {task_.meta().mean, task_.meta().std}), classes);
    for (size_t i = 0; i < maps.size(); ++i) {
      const Annotation& truth = batch->truth[i];
      use(static_cast<size_t>(batch->indices[i]),
          {.picture = espalier::picture(*batch, static_cast<int64_t>(i)),
           .evidence = maps[i],
           .object = evidence_share(maps[i], object_mask(truth)),
           .part = places_.decisive_part < 0
                       ? std::nullopt
                       : evidence_share(maps[i], part_mask(truth, places_.decisive_part))});
    }
  }
}

MeasuredEvidence Looks::measure() {
  const size_t all = predictions_.truth.size(), count = std::min(all, kMeasured);
  std::vector<Look> looks;
  for (size_t k = 0; k < count; ++k)
    looks.push_back({k * all / count, true_class(predictions_, k * all / count)});
  std::vector<EvidenceShare> objects, parts;
  MeasuredEvidence measured;
  view(
      places_.masked ? places_.masked : data_, looks,
      [&](size_t, const View& seen) {
        if (seen.object) objects.push_back(*seen.object);
        if (seen.part) parts.push_back(*seen.part);
      },
      measured.failures);
  measured.object = mean_share(objects);
  measured.part = mean_share(parts);
  return measured;
}

nlohmann::ordered_json Looks::keep(const std::vector<Look>& looks,
                                   const std::string& name,
                                   const fs::path& folder) {
  const std::vector<std::string>& classes = task_.meta().class_names;
  const auto class_name = [&](int64_t id) { return classes.at(static_cast<size_t>(id)); };
  std::vector<nlohmann::ordered_json> entries(looks.size());
  const auto use = [&](size_t k, const View& seen) {
    const size_t i = looks[k].position;
    const std::string file = fmt::format("{}-{:02}", name, k + 1);
    const std::string prefix = folder.filename().string() + "/" + file;
    write_png(folder / (file + ".png"), seen.picture);
    write_png(folder / (file + "-evidence.png"), overlay_heat(seen.picture, seen.evidence));
    entries[k] = {{"id", data_->id(predictions_.indices[i])},
                  {"truth", class_name(true_class(predictions_, i))},
                  {"predicted", class_name(answer(predictions_, i))},
                  {"confidence", confidence(predictions_, i)},
                  {"image", prefix + ".png"},
                  {"evidence", prefix + "-evidence.png"},
                  {"evidence_for", class_name(looks[k].evidence_for)}};
    if (seen.object) entries[k]["object"] = to_json(*seen.object);
    if (seen.part) entries[k]["part"] = to_json(*seen.part);
  };
  std::vector<SampleFailure> failures;
  view(places_.masked ? places_.masked : data_, looks, use, failures);
  // A picture without its mask is still a picture.
  for (size_t k = 0; k < looks.size() && places_.masked; ++k)
    if (entries[k].is_null())
      view(
          data_, {looks[k]}, [&](size_t, const View& seen) { use(k, seen); }, failures);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (nlohmann::ordered_json& entry : entries) {
    if (entry.is_null())
      fail(Kind::data, "a picture that was read before could not be read again: {}",
           failures.empty() ? "" : failures.back().reason);
    list.push_back(std::move(entry));
  }
  return list;
}

nlohmann::ordered_json to_json(const MeasuredEvidence& measured) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  if (measured.object.pictures > 0) json["object"] = to_json(measured.object);
  if (measured.part.pictures > 0) json["part"] = to_json(measured.part);
  json["failures"] = nlohmann::ordered_json::array();
  for (const SampleFailure& failure : measured.failures)
    json["failures"].push_back({{"id", failure.id}, {"reason", failure.reason}});
  return json;
}

std::vector<Look> most_confident(const Predictions& predictions, bool wrong) {
  std::vector<Look> chosen;
  for (size_t i = 0; i < predictions.truth.size(); ++i)
    if ((true_class(predictions, i) != answer(predictions, i)) == wrong)
      chosen.push_back({i, answer(predictions, i)});
  std::stable_sort(chosen.begin(), chosen.end(), [&](const Look& a, const Look& b) {
    return confidence(predictions, a.position) > confidence(predictions, b.position);
  });
  if (chosen.size() > kPictures) chosen.resize(kPictures);
  return chosen;
}

std::vector<Look> fixed_looks(const Predictions& predictions) {
  std::map<int64_t, std::vector<size_t>> of_class;
  for (size_t i = 0; i < predictions.truth.size(); ++i)
    of_class[true_class(predictions, i)].push_back(i);
  std::vector<std::vector<size_t>> classes;
  for (auto& [id, members] : of_class) classes.push_back(std::move(members));
  const size_t shown = std::min(classes.size(), kPictures);
  const size_t rounds = (kPictures + shown - 1) / shown;
  std::vector<Look> looks;
  for (size_t c = 0; c < shown; ++c) {
    const std::vector<size_t>& members = classes[c * classes.size() / shown];
    // As many of each class, but that the last classes give one less where 12 does not divide.
    const size_t wanted =
        std::min(rounds - (c >= kPictures - shown * (rounds - 1) ? 1 : 0), members.size());
    for (size_t k = 0; k < wanted; ++k) {
      const size_t i = members[k * members.size() / wanted];
      looks.push_back({i, true_class(predictions, i)});
    }
  }
  return looks;
}

std::vector<LookAlikes> look_alikes(const Predictions& predictions,
                                    const std::vector<std::vector<int64_t>>& confusion) {
  std::vector<LookAlikes> pairs;
  std::set<size_t> shown;  // a class that others are taken for shows another picture each time
  // Of two ways to mix up two classes the rarer one is passed over.
  for (const Mixup& mixup : frequent_mixups(confusion, 2 * kPairs)) {
    const auto truth = static_cast<int64_t>(mixup.truth),
               answered = static_cast<int64_t>(mixup.predicted);
    const bool known = std::any_of(pairs.begin(), pairs.end(), [&](const LookAlikes& pair) {
      return pair.truth == answered && pair.taken_for == truth;
    });
    if (known || pairs.size() == kPairs) continue;
    LookAlikes& pair = pairs.emplace_back();
    pair = {.truth = truth,
            .taken_for = answered,
            .count = mixup.count,
            .other_way = confusion[mixup.predicted][mixup.truth],
            .mistaken = {surest(predictions, positions_of(predictions, truth, answered)), answered},
            .right = {}};
    const std::vector<size_t> right = positions_of(predictions, answered, answered);
    if (right.empty()) continue;
    std::vector<size_t> fresh = right;
    std::erase_if(fresh, [&](size_t i) { return shown.contains(i); });
    pair.right = {{surest(predictions, fresh.empty() ? right : fresh), answered}};
    shown.insert(pair.right[0].position);
  }
  return pairs;
}

}  // namespace espalier
