#include "app/classifier_diagnosis.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/core/parallel.h"
#include "espalier/core/progress.h"
#include "espalier/data/duplicates.h"
#include "espalier/data/subset.h"
#include "espalier/nn/logistic.h"
#include "espalier/tabular/label_noise.h"
#include "espalier/tasks/probe_features.h"
#include "espalier/tensor/torch.h"
#include "espalier/train/classify_recipe.h"

namespace espalier {
namespace {

constexpr int64_t kBatch = 64, kLeastAsked = 30;
constexpr double kProbePenalty = 0.01;

// The last layer learned anew, on features of mean 0 and deviation 1.
class Probe : public Learner {
 public:
  Fields options() override { return {}; }
  void fit(const Examples& e) override {
    const at::Tensor x = tensor_of(e.x);
    mean_ = x.mean(0);
    deviation_ = x.std(0, /*unbiased=*/false);
    deviation_.masked_fill_(deviation_ < 1e-12, 1);
    const at::Tensor labels = at::from_blob(const_cast<int32_t*>(e.labels.data()),
                                            {static_cast<int64_t>(e.labels.size())}, at::kInt)
                                  .to(at::kLong);
    model_ = fit_logistic((x - mean_) / deviation_, labels, e.classes, kProbePenalty);
  }
  Matrix<double> predict(MatrixView<double> x) const override {
    const at::Tensor shares =
        at::linear((tensor_of(x) - mean_) / deviation_, model_.weight, model_.bias)
            .softmax(1)
            .contiguous();
    Matrix<double> answers(shares.size(0), shares.size(1));
    std::copy_n(shares.data_ptr<double>(), answers.values.size(), answers.values.begin());
    return answers;
  }
  void save(const fs::path&) const override { fail(Kind::internal, "a probe is not kept"); }
  void load(const fs::path&) override { fail(Kind::internal, "a probe is not kept"); }

 private:
  static at::Tensor tensor_of(MatrixView<double> x) {
    return at::from_blob(const_cast<double*>(x.data), {x.rows, x.columns}, {x.stride, 1},
                         at::kDouble)
        .clone();
  }

  at::Tensor mean_, deviation_;
  LogisticModel model_;
};

// Pictures as the network sees them.
struct Seen {
  LabelledRows rows = {};  // features and labels
  CrossFit own = {};       // what the network itself answers
  std::vector<std::string> ids = {};
  std::vector<int64_t> indices = {};  // in their data set
  double score = 0;                   // of `own`
};

DatasetPtr part_of_set(const DatasetPtr& data, int64_t most, Random random) {
  if (data->size() <= most) return data;
  std::vector<int64_t> picked(static_cast<size_t>(data->size()));
  std::iota(picked.begin(), picked.end(), 0);
  random.shuffle(picked);
  picked.resize(static_cast<size_t>(most));
  std::sort(picked.begin(), picked.end());
  return subset(data, picked);
}

Seen look_at(ClassifyTask& task, const DatasetPtr& data, const std::string& what) {
  torch::NoGradGuard guard;
  Loader loader = evaluation_loader(data, task.meta(), kBatch, 2);
  std::vector<SampleFailure> failures;
  const ProbeFeatures features = read_probe_features(task, loader, what, failures);
  const at::Tensor
      values = features.values.contiguous(),
      labels = features.labels.to(at::kInt).contiguous(),
      shares = logits_of_features(task.model(), values).softmax(1).to(at::kDouble).contiguous();
  if (labels.dim() != 1) fail(Kind::unsupported, "a diagnosis takes pictures of one class each");
  Seen seen;
  seen.rows.x = Matrix<double>(values.size(0), values.size(1));
  std::copy_n(values.data_ptr<double>(), seen.rows.x.values.size(), seen.rows.x.values.begin());
  seen.rows.categories.assign(static_cast<size_t>(values.size(1)), 0);
  seen.rows.labels.assign(labels.data_ptr<int32_t>(), labels.data_ptr<int32_t>() + labels.size(0));
  seen.rows.classes = static_cast<int64_t>(task.meta().class_names.size());
  seen.own.answers = Matrix<double>(shares.size(0), shares.size(1));
  std::copy_n(shares.data_ptr<double>(), seen.own.answers.values.size(),
              seen.own.answers.values.begin());
  seen.own.answered.resize(seen.rows.labels.size());
  std::iota(seen.own.answered.begin(), seen.own.answered.end(), 0);
  seen.own.losses = row_losses(seen.rows, seen.own.answers, 1);
  seen.indices = features.indices;
  for (const int64_t index : features.indices) seen.ids.push_back(data->id(index));
  seen.score = 1 - std::accumulate(seen.own.losses.begin(), seen.own.losses.end(), 0.0) /
                       static_cast<double>(seen.own.losses.size());
  return seen;
}

std::vector<std::optional<PictureFacts>> prints_of(const Dataset& data, const std::string& what) {
  std::vector<std::optional<PictureFacts>> prints(static_cast<size_t>(data.size()));
  Progress progress(what, data.size(), "img");
  parallel_for(data.size(), 2, progress, [&](int64_t i) {
    try {
      prints[static_cast<size_t>(i)] =
          PictureFacts{.print = fingerprint(data.read(i, kFingerprintSide).image)};
    } catch (const Error&) {  // named where the picture was to be looked at
    }
  });
  return prints;
}

// Asked pictures that are copies, or nearly, of training pictures.
LeakScan scan_pictures(const Dataset& train, const Dataset& asked_set, const Seen& asked) {
  const std::vector<std::optional<PictureFacts>> here =
                                                     prints_of(train, "copies, training pictures"),
                                                 there =
                                                     prints_of(asked_set, "copies, asked pictures");
  std::vector<const PictureFacts*> all;
  std::vector<PictureFacts> kept;
  kept.reserve(here.size() + there.size());  // `all` points into it
  for (const auto* prints : {&here, &there})
    for (const std::optional<PictureFacts>& print : *prints) {
      if (print) {
        kept.push_back(*print);
        kept.back().content =
            kept.size();  // files are not compared: their copies are near copies too
      }
      all.push_back(print ? &kept.back() : nullptr);
    }
  std::vector<char> copied(there.size());
  for (const DuplicateGroup& group : find_duplicates(all)) {
    if (group.members.front() >= here.size()) continue;
    for (const size_t member : group.members)
      if (member >= here.size()) copied[member - here.size()] = 1;
  }
  LeakScan scan;
  scan.asked_rows = asked.rows.count();
  double loss_copies = 0, loss_others = 0;
  for (size_t i = 0; i < asked.indices.size(); ++i) {
    const bool copy = copied[static_cast<size_t>(asked.indices[i])];
    scan.duplicates += copy;
    (copy ? loss_copies : loss_others) += asked.own.losses[i];
  }
  const int64_t others = scan.asked_rows - scan.duplicates;
  if (scan.duplicates > 0)
    scan.score_duplicates = 1 - loss_copies / static_cast<double>(scan.duplicates);
  if (others > 0) scan.score_others = 1 - loss_others / static_cast<double>(others);
  return scan;
}

}  // namespace

Diagnosis diagnose_classifier(ClassifyTask& task,
                              const Splits& splits,
                              const DatasetPtr& asked_set,
                              const std::string& split,
                              bool foreign,
                              const DiagnoseConfig& config) {
  const Random random = Random(static_cast<uint64_t>(config.seed)).stream("diagnose pictures");
  const DatasetPtr asked_part = part_of_set(asked_set, config.most_rows, random.stream(split));
  const Seen train =
                 look_at(task, part_of_set(splits.train, config.most_rows, random.stream("train")),
                         "features of training pictures"),
             asked = look_at(task, asked_part, "features of asked pictures");
  const auto make = [] { return std::make_unique<Probe>(); };
  Subject subject;
  subject.model = task.model().name;
  subject.target = "class";
  subject.samples = "pictures";
  subject.train = train.rows;
  subject.asked = asked.rows;
  subject.classes = task.meta().class_names;
  subject.learned_columns = true;
  subject.settings = [&](const LabelledRows&, int64_t) {
    return std::vector<LearnerSetting>{
        {.name = "a linear probe on its features", .current = true, .make = make}};
  };
  Diagnosis d = diagnose(subject, config);
  d.rows_of = splits.train->size();
  d.train = train.score;
  d.held_out = asked.score;
  d.noise = check_noise(asked.rows, subject.classes, asked.own);
  d.noise->by = "the network";
  for (SuspectRow& suspect : d.noise->suspects)
    suspect.id = asked.ids.at(static_cast<size_t>(suspect.line));

  const bool own_val = !foreign && split == "val";
  if (own_val || !splits.val || splits.val->size() < kLeastAsked ||
      asked.rows.count() < kLeastAsked) {
    d.not_run.push_back(
        {"shift",
         own_val ? "the validation pictures are what others are compared with; ask about others"
                 : "too few validation or asked pictures"});
  } else {
    const Seen val = look_at(task, part_of_set(splits.val, config.most_rows, random.stream("val")),
                             "features of validation pictures");
    d.shift = tell_apart(val.rows, asked.rows, {}, random.stream("apart"));
    d.shift->cross_validated = val.score;
    d.shift->asked = asked.score;
    d.shift->harm = gain_of_own_kind(val.rows, asked.rows, make, random.stream("own kind")).gain;
  }
  d.not_run.push_back(
      {"simpler and more complex networks",
       "needs training again: train another --model, or with another --weight-decay"});
  d.not_run.push_back(
      {"learning curve of the whole network",
       "needs training again; the curve is of its last layer on the features it has"});
  d.not_run.push_back({"split in time", "pictures do not say when they were taken"});
  d.leaks = scan_pictures(*splits.train, *asked_part, asked);
  return d;
}

}  // namespace espalier
