// The curves of classes against the rest, each with a dot at what the model's answers do, as <figure>s with inline SVG.
//
//   page.raw(roc_chart(evaluation.curves, evaluation.classes));
#pragma once

#include <string>
#include <vector>

#include "espalier/metrics/class_ranking.h"

namespace espalier {

// True over false positive rate, and precision over recall. `classes` names what curves are of. "" without a curve.
std::string roc_chart(const std::vector<ClassCurve>& curves,
                      const std::vector<std::string>& classes);
std::string precision_recall_chart(const std::vector<ClassCurve>& curves,
                                   const std::vector<std::string>& classes);

}  // namespace espalier
