// A picture with its evidence and what was answered, as galleries show it.
#pragma once

#include <string>

#include "espalier/report/html.h"
#include "espalier/report/run_record.h"

namespace espalier {

// An <img> of the page; nothing for an empty URI.
void shown_picture(Html& page, const std::string& uri, const std::string& alt, bool small);

// "lemon 93.0 %" in the colour of right or wrong.
void answer_line(Html& page, const ShownPrediction& one);

// How much of the evidence falls where, "object 61 % part 12 %"; nothing when that is not known.
void share_line(Html& page, const ShownPrediction& one);

// Picture and evidence beside each other; below them answer, truth where it differs, shares and id.
void prediction_card(Html& page, const ShownPrediction& one);

}  // namespace espalier
