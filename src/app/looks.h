// Where a classifier looks on the pictures of a split: how much of its evidence falls on what is known
// to matter, and the pictures that a report shows of it.
//
//   Looks looks(task, data, predictions, {.decisive_part = splits.decisive_part});
//   record["evidence"] = to_json(looks.measure());
//   record["looks"] = looks.keep(fixed_looks(predictions), "looks", folder / "eval-test");
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "espalier/metrics/evidence_share.h"
#include "espalier/tasks/classify.h"
#include "espalier/train/loop.h"

namespace espalier {

// What is known of the pictures beside their classes.
struct KnownPlaces {
  DatasetPtr masked =
      nullptr;  // the same pictures with masks (data/with_masks.h); null: as they are
  int64_t decisive_part = -1;  // Splits::decisive_part
};

// Of the evidence for the true class, over pictures of which the place is known.
struct MeasuredEvidence {
  MeanEvidenceShare object, part;
  std::vector<SampleFailure> failures;  // pictures whose masks could not be read

  bool known() const { return object.pictures > 0 || part.pictures > 0; }
};
nlohmann::ordered_json to_json(const MeasuredEvidence& measured);

// A picture of the predictions by its position there, and the class whose evidence is asked for.
struct Look {
  size_t position = 0;
  int64_t evidence_for = 0;
};

class Looks {
 public:
  // All but `places` must outlive this.
  Looks(ClassifyTask& task,
        const DatasetPtr& data,
        const Predictions& predictions,
        KnownPlaces places);

  // Whether anything but the pictures' classes is known.
  bool places_known() const;

  // Over up to 200 pictures spread evenly over the predictions.
  MeasuredEvidence measure();

  // Writes each picture as the network saw it, and the same under its evidence, as
  // <folder>/<name>-01.png and so on; the entries of "mistakes", "examples" and "looks" in
  // eval-<split>.json.
  nlohmann::ordered_json keep(const std::vector<Look>& looks,
                              const std::string& name,
                              const fs::path& folder);

 private:
  struct View;
  void view(const DatasetPtr& data,
            const std::vector<Look>& looks,
            const std::function<void(size_t, const View&)>& use,
            std::vector<SampleFailure>& failures);

  ClassifyTask& task_;
  const DatasetPtr& data_;
  const Predictions& predictions_;
  KnownPlaces places_;
};

// The most confident wrong or right answers, with the evidence for what was answered.
std::vector<Look> most_confident(const Predictions& predictions, bool wrong);

// Up to 12 pictures spread over the classes, with the evidence for the true one: the same for every
// network, since neither answers nor chance decide.
std::vector<Look> fixed_looks(const Predictions& predictions);

// Two classes that are taken for each other.
struct LookAlikes {
  int64_t truth = 0, taken_for = 0;
  int64_t count = 0, other_way = 0;  // mistakes
  Look mistaken;            // the most confident one, with the evidence for what it was taken for
  std::vector<Look> right;  // one that is what the other was taken for; or none
};
// The most frequent mixups of two classes, at most 6.
std::vector<LookAlikes> look_alikes(const Predictions& predictions,
                                    const std::vector<std::vector<int64_t>>& confusion);

}  // namespace espalier
