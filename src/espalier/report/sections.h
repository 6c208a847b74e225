// The parts of the page about one run; each writes a whole section or its grey line of absence.
#pragma once

#include "espalier/report/html.h"
#include "espalier/report/run_record.h"

namespace espalier {

void score_cards(Html& page, const RunRecord& run);
void curve_section(Html& page, const std::vector<RunRecord>& runs);

// sections_classes.cpp
void confusion_section(Html& page, const Evaluation& evaluation);
void class_table_section(Html& page, const Evaluation& evaluation);

// sections_pictures.cpp
void picture_section(Html& page, const RunRecord& run);

// sections_facts.cpp
void failure_section(Html& page, const RunRecord& run);
void cost_section(Html& page, const RunRecord& run);
void config_section(Html& page, const RunRecord& run);

}  // namespace espalier
