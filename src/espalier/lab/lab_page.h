// The frame that the pages of all experiments share.
//
//   Html page;
//   begin_lab_page(page, "Ways to choose widths", "Whose widths ...?", done, wanted);
//   ...
//   return end_lab_page(page, {{"data", "orchard"}});
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "espalier/report/html.h"

namespace espalier {

void begin_lab_page(Html& page,
                    const std::string& title,
                    const std::string& question,
                    int64_t done,
                    int64_t wanted);

// `setting`: what was held alike. The text of the page.
std::string end_lab_page(Html& page,
                         const std::vector<std::pair<std::string, std::string>>& setting);

}  // namespace espalier
