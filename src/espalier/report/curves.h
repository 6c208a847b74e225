// From the lines of metrics.jsonl to charts: loss, the headline score on the validation split,
// learning rate.
#pragma once

#include <vector>

#include "espalier/report/line_chart.h"
#include "espalier/report/run_record.h"

namespace espalier {

// One run: raw and smoothed loss, validation loss when there is one, score with its interval and
// best epoch, rate. Several: one colour a run. Charts without any point are left out.
std::vector<LineChart> learning_curves(const std::vector<RunRecord>& runs);

}  // namespace espalier
