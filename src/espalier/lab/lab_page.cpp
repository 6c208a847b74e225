#include "espalier/lab/lab_page.h"

#include <fmt/format.h>

#include "espalier/report/page.h"

namespace espalier {

void begin_lab_page(Html& page,
                    const std::string& title,
                    const std::string& question,
                    int64_t done,
                    int64_t wanted) {
  begin_page(page, title);
  page.open("header").leaf("p", "lab", {{"class", "over"}}).leaf("h1", title);
  page.leaf("p", question, {{"class", "lead"}});
  page.leaf("p", fmt::format("{} of {} runs are done", done, wanted), {{"class", "meta"}});
  page.close();
}

std::string end_lab_page(Html& page,
                         const std::vector<std::pair<std::string, std::string>>& setting) {
  section(page, "How");
  page.open("dl", {{"class", "facts"}});
  for (const auto& [name, value] : setting)
    page.open("div").leaf("dt", name).leaf("dd", value).close();
  page.close().close();
  end_page(page);
  return page.take();
}

}  // namespace espalier
