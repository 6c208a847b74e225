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

// sections_ranking.cpp: ROC and precision-recall curves.
void ranking_section(Html& page, const Evaluation& evaluation);

// sections_pictures.cpp
void picture_section(Html& page, const RunRecord& run);

// sections_evidence.cpp
void evidence_section(Html& page, const RunRecord& run);
void look_alike_section(Html& page, const Evaluation& evaluation);

// comparison_looks.cpp: the pictures that all runs kept, each run's evidence side by side.
void looks_comparison(Html& page, const std::vector<RunRecord>& runs);
// The colour and the name of run r, as all parts of a comparison show them.
void run_key(Html& page, const std::vector<RunRecord>& runs, size_t r);

// sections_fit.cpp: of a model of tables, nothing for others.
void cross_validation_section(Html& page, const RunRecord& run);
void fit_section(Html& page, const RunRecord& run);

// sections_pruning.cpp: of a pruned run, nothing for others.
void pruning_section(Html& page, const RunRecord& run);
// What each pruned run kept against what it costs, beside what it was before.
void pruning_comparison(Html& page, const std::vector<RunRecord>& runs);

// sections_facts.cpp
void failure_section(Html& page, const RunRecord& run);
void cost_section(Html& page, const RunRecord& run);
void config_section(Html& page, const RunRecord& run);

}  // namespace espalier
