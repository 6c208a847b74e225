#include "espalier/metrics/class_samples.h"

#include <cmath>

#include "espalier/core/error.h"
#include "espalier/metrics/sample_weights.h"

namespace espalier {

double check_samples(const ClassSamples& samples) {
  const size_t count = samples.truth.size();
  if (samples.classes < 1 || samples.score.size() != count * static_cast<size_t>(samples.classes))
    fail(Kind::data, "{} scores for {} samples of {} classes", samples.score.size(), count,
         samples.classes);
  for (size_t i = 0; i < count; ++i)
    if (samples.truth[i] < 0 || samples.truth[i] >= samples.classes)
      fail(Kind::data, "sample {}: class {} is outside 0..{}", i + 1, samples.truth[i],
           samples.classes - 1);
  for (size_t i = 0; i < samples.score.size(); ++i)
    if (std::isnan(samples.score[i]))
      fail(Kind::data, "sample {}: a score is not a number",
           i / static_cast<size_t>(samples.classes) + 1);
  return check_weights(samples.weight, count);
}

}  // namespace espalier
