// The frame and the wording that all pages share.
#pragma once

#include <string>
#include <vector>

#include "espalier/metrics/scores.h"
#include "espalier/report/html.h"
#include "espalier/report/run_record.h"

namespace espalier {

extern const std::string_view kStyle;  // CSS of every page
extern const std::string_view
    kScript;  // shows values under the pointer, sorts nothing, loads nothing

// Opens html, body and main; end_page closes them. A policy in the head forbids any load from
// outside.
void begin_page(Html& page, const std::string& title);
void end_page(Html& page);

// "accuracy" -> "Accuracy", "top5" -> "Top-5 accuracy", "my_score" -> "My score".
std::string score_title(const std::string& name);
bool is_share(const std::string& name);  // shown in percent
std::string score_text(const Score& score);
std::string interval_text(const Score& score);  // "92.1 – 94.5 %", "" without an interval

std::string duration_text(double seconds);

// Grey line: what is missing and which command to run for it.
void absent(Html& page, const std::string& what, const std::string& command);

// The warnings met while reading, if any.
void warning_box(Html& page, const std::vector<std::string>& warnings);

void section(Html& page, const std::string& title);  // opens one; close() ends it

}  // namespace espalier
