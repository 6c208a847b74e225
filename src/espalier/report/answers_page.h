// Two models' answers to the same samples, compared, as one page.
#pragma once

#include <string>

#include "espalier/metrics/compare_answers.h"

namespace espalier {

// `where`: what was answered, for the line below the title.
std::string answers_page(const AnswerComparison& comparison,
                         const std::string& first,
                         const std::string& second,
                         const std::string& where);

}  // namespace espalier
