#include "espalier/report/data_page.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "espalier/core/counted.h"
#include "espalier/core/error.h"
#include "espalier/data/findings.h"
#include "espalier/data/transform.h"
#include "espalier/format/jpeg.h"
#include "espalier/report/axis.h"
#include "espalier/report/page.h"
#include "espalier/report/picture.h"
#include "espalier/report/size_chart.h"

namespace espalier {
namespace {

constexpr int kThumbHeight = 88;    // pixels as shown
constexpr size_t kMostGroups = 30;  // of copies, in one section
constexpr size_t kMostBeside = 6;   // pictures of one group
constexpr size_t kMostSheet = 640;  // pictures of the contact sheet
constexpr size_t kMostPerClass = 9;
constexpr size_t kMostFailures = 200;
constexpr size_t kMostClasses = 1000;  // rows of the table

std::string class_text(const DataCheck& check, const CheckedPicture& one) {
  std::string text;
  for (int64_t id : one.classes)
    text += (text.empty() ? "" : ", ") + check.class_names[static_cast<size_t>(id)];
  return text;
}

// Small pictures by a whole factor, large ones shrunk; at most twice as wide as high.
void thumb(Html& page, const DataCheck& check, size_t i, const std::string& title) {
  const CheckedPicture& one = check.pictures[i];
  Image image;
  try {
    image = check.parts[one.part].data->read(static_cast<int64_t>(one.index), kThumbHeight).image;
  } catch (const Error&) {
    return;
  }
  const bool small = image.height * 3 <= kThumbHeight * 2;
  if (image.height > kThumbHeight || image.width > 2 * kThumbHeight) {
    const double scale =
        std::min(kThumbHeight / double{1} / image.height, 2.0 * kThumbHeight / image.width);
    image = resize(image, std::max(1, static_cast<int>(image.width * scale)),
                   std::max(1, static_cast<int>(image.height * scale)));
  }
  page.empty("img",
             {{"src", "data:image/jpeg;base64," + base64(encode_jpeg(image, small ? 95 : 85))},
              {"alt", title},
              {"title", title},
              {"class", small ? "pixels" : "smooth"}});
}

std::string title_of(const DataCheck& check, size_t i) {
  const CheckedPicture& one = check.pictures[i];
  return fmt::format("{} · {} · {} × {}", one.id, class_text(check, one), one.width, one.height);
}

void card(Html& page,
          const std::string& title,
          const std::string& value,
          const std::string& note,
          bool bad = false) {
  page.open("div", {{"class", "card"}}).leaf("h3", title);
  page.leaf("p", value, {{"class", bad ? "value bad" : "value"}})
      .leaf("p", note, {{"class", "note"}});
  page.close();
}

template <class Wanted>
std::pair<int64_t, int64_t> count_copies(const DataCheck& check, Wanted wanted) {
  int64_t groups = 0, pictures = 0;
  for (const DataCheck::Copies& group : check.copies)
    if (wanted(group)) ++groups, pictures += static_cast<int64_t>(group.members.size());
  return {groups, pictures};
}

void head(Html& page, const DataCheck& check) {
  page.open("header").leaf("p", "data check", {{"class", "over"}});
  fs::path path = fs::path(check.where).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  page.leaf("h1", path.filename().empty() ? check.where : path.filename().string());
  page.leaf("p", check.description, {{"class", "lead"}});
  page.leaf("p",
            fmt::format("{} looked at in {}",
                        counted(static_cast<int64_t>(check.pictures.size()), "picture"),
                        duration_text(check.seconds)),
            {{"class", "meta"}});
  page.close();
}

void cards(Html& page, const DataCheck& check) {
  page.open("section", {{"class", "scores"}}).open("div", {{"class", "cards"}});
  std::string parts;
  for (const DataCheck::Part& part : check.parts)
    parts +=
        fmt::format("{}{} {}", parts.empty() ? "" : " · ", with_commas(part.pictures), part.name);
  card(page, "Pictures", with_commas(static_cast<int64_t>(check.pictures.size())), parts);
  const double ratio = check.imbalance();
  card(page, "Classes", with_commas(static_cast<int64_t>(check.class_names.size())),
       ratio > 0 ? fmt::format("largest {:.1f} × the smallest", ratio) : "no labels");
  card(page, "Leaked", with_commas(check.leaked()), "outside of train with a copy in it",
       check.leaked() > 0);
  const auto [exact, of_exact] = count_copies(check, [](const auto& g) { return g.exact; });
  const auto [near, of_near] = count_copies(check, [](const auto& g) { return !g.exact; });
  card(page, "Exact copies", counted(exact, "group"), counted(of_exact, "picture"));
  card(page, "Near copies", counted(near, "group"), counted(of_near, "picture"));
  card(page, "Unreadable", with_commas(check.broken()), "files", check.broken() > 0);
  page.close().close();
}

void finding_section(Html& page, const DataCheck& check) {
  const std::vector<Finding> all = findings(check);
  section(page, check.harmful() ? "To mend" : all.empty() ? "Nothing to mend" : "Worth knowing");
  if (all.empty())
    page.leaf("p",
              "Every picture could be read, no two are alike, and all classes are in all parts.",
              {{"class", "meta"}});
  page.open("ul", {{"class", "findings"}});
  for (const Finding& one : all)
    page.leaf("li", one.text, {{"class", one.harmful ? "bad" : "mild"}});
  page.close().close();
}

template <class Wanted>
void copy_section(Html& page,
                  const DataCheck& check,
                  const std::string& title,
                  const std::string& lead,
                  Wanted wanted) {
  const auto [groups, pictures] = count_copies(check, wanted);
  if (groups == 0) return;
  section(page, fmt::format("{} ({})", title, groups));
  page.leaf("p", lead, {{"class", "meta"}}).open("div", {{"class", "copies"}});
  size_t shown = 0;
  for (const DataCheck::Copies& group : check.copies) {
    if (!wanted(group) || shown++ >= kMostGroups) continue;
    page.open("figure").open("div", {{"class", "strip"}});
    const size_t count = std::min(group.members.size(), kMostBeside);
    for (size_t k = 0; k < count; ++k)
      thumb(page, check, group.members[k], title_of(check, group.members[k]));
    page.close().open("figcaption");
    for (size_t k = 0; k < count; ++k) {
      const CheckedPicture& one = check.pictures[group.members[k]];
      page.open("p").leaf("b", check.parts[one.part].name);
      if (group.conflict) page.text(" " + class_text(check, one));
      page.leaf("span", " " + one.id, {{"class", "id"}}).close();
    }
    if (group.members.size() > count)
      page.leaf("p", fmt::format("and {} more", group.members.size() - count), {{"class", "id"}});
    page.close().close();
  }
  page.close();
  if (static_cast<size_t>(groups) > kMostGroups)
    page.leaf("p", fmt::format("The first {} groups are shown.", kMostGroups),
              {{"class", "absent"}});
  page.close();
}

void class_section(Html& page, const DataCheck& check) {
  if (check.class_names.empty()) return;
  section(page, "Classes");
  page.open("div", {{"class", "legend"}});
  for (size_t p = 0; p < check.parts.size(); ++p)
    page.open("span", {{"class", fmt::format("s{}", p)}})
        .leaf("i", "", {{"class", "key"}})
        .text(check.parts[p].name)
        .close();
  page.close();
  int64_t most = 1;
  std::vector<int64_t> totals(check.class_names.size());
  for (size_t c = 0; c < totals.size(); ++c) {
    for (const DataCheck::Part& part : check.parts) totals[c] += part.per_class[c];
    most = std::max(most, totals[c]);
  }
  page.open("div", {{"class", "balance"}});
  for (size_t c = 0; c < std::min(totals.size(), kMostClasses); ++c) {
    page.leaf("span", check.class_names[c], {{"class", "name"}}).open("div", {{"class", "stack"}});
    std::string numbers;
    for (size_t p = 0; p < check.parts.size(); ++p) {
      const int64_t count = check.parts[p].per_class[c];
      numbers += fmt::format("{}{}", p == 0 ? "" : " / ", with_commas(count));
      if (count > 0)
        page.leaf("i", "",
                  {{"class", fmt::format("s{}", p)},
                   {"style", fmt::format("width:{:.2f}%", 100.0 * static_cast<double>(count) /
                                                              static_cast<double>(most))},
                   {"title", fmt::format("{} {}", with_commas(count), check.parts[p].name)}});
    }
    page.close().leaf("span", numbers, {{"class", "num soft"}});
  }
  page.close();
  if (totals.size() > kMostClasses)
    page.leaf("p", fmt::format("The first {} classes are shown.", kMostClasses),
              {{"class", "absent"}});
  page.close();
}

void size_section(Html& page, const DataCheck& check) {
  std::vector<std::pair<int, int>> sizes;
  std::map<std::pair<int, int>, int64_t> counts;
  for (const CheckedPicture& one : check.pictures) {
    if (one.broken()) continue;
    sizes.emplace_back(one.width, one.height);
    ++counts[sizes.back()];
  }
  if (sizes.empty()) return;
  section(page, "Sizes");
  if (counts.size() == 1) {
    page.leaf("p", fmt::format("All pictures are {} × {} pixels.", sizes[0].first, sizes[0].second))
        .close();
    return;
  }
  std::vector<std::pair<std::pair<int, int>, int64_t>> order(counts.begin(), counts.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  page.open("div", {{"class", "beside"}}).raw(size_chart(sizes)).open("figure");
  page.leaf("figcaption",
            fmt::format("Commonest of {} sizes", with_commas(static_cast<int64_t>(counts.size()))));
  page.open("table").open("tbody");
  for (size_t i = 0; i < std::min<size_t>(order.size(), 8); ++i) {
    page.open("tr").leaf("td", fmt::format("{} × {}", order[i].first.first, order[i].first.second));
    page.leaf("td", with_commas(order[i].second), {{"class", "num"}});
    page.leaf(
            "td",
            percent_text(static_cast<double>(order[i].second) / static_cast<double>(sizes.size())),
            {{"class", "num soft"}})
        .close();
  }
  page.close().close().close().close().close();
}

// Evenly over the pictures of each class, in train where there are any.
void sheet_section(Html& page, const DataCheck& check) {
  std::vector<std::vector<size_t>> of_class(std::max<size_t>(check.class_names.size(), 1));
  for (size_t i = 0; i < check.pictures.size(); ++i) {
    const CheckedPicture& one = check.pictures[i];
    if (one.broken() || (check.parts[one.part].name != check.parts[0].name)) continue;
    if (check.class_names.empty()) of_class[0].push_back(i);
    for (int64_t id : one.classes) of_class[static_cast<size_t>(id)].push_back(i);
  }
  section(page, "Contact sheet");
  const bool labelled = !check.class_names.empty();
  const size_t each =
      labelled ? std::clamp<size_t>(kMostSheet / of_class.size(), 1, kMostPerClass) : 90;
  page.open("div", {{"class", labelled ? "sheet" : "strip"}});
  for (size_t c = 0; c < std::min(of_class.size(), kMostSheet); ++c) {
    if (labelled)
      page.leaf("span", check.class_names[c], {{"class", "name"}})
          .open("div", {{"class", "strip"}});
    const size_t count = std::min(of_class[c].size(), each);
    for (size_t k = 0; k < count; ++k) {
      const size_t i = of_class[c][k * of_class[c].size() / count];
      thumb(page, check, i, title_of(check, i));
    }
    if (labelled) page.close();
  }
  page.close().close();
}

void failure_section(Html& page, const DataCheck& check) {
  if (check.broken() == 0) return;
  section(page, fmt::format("Unreadable files ({})", check.broken()));
  page.open("ul", {{"class", "findings"}});
  size_t shown = 0;
  for (const CheckedPicture& one : check.pictures)
    if (one.broken() && shown++ < kMostFailures) page.leaf("li", one.failure, {{"class", "bad"}});
  page.close().close();
}

}  // namespace

std::string data_page(const DataCheck& check) {
  Html page;
  begin_page(page, check.where + " · data check");
  head(page, check);
  cards(page, check);
  finding_section(page, check);
  using Copies = DataCheck::Copies;
  copy_section(page, check, "In train and elsewhere",
               "The same picture, or nearly, is learnt from and scored on: remove one of them.",
               [](const Copies& g) { return g.leak; });
  copy_section(page, check, "Alike, with different labels", "At most one of the labels is right.",
               [](const Copies& g) { return g.conflict && !g.leak; });
  failure_section(page, check);
  class_section(page, check);
  size_section(page, check);
  sheet_section(page, check);
  copy_section(page, check, "Copies inside a part",
               "They weigh double, and count double in scores.",
               [](const Copies& g) { return !g.conflict && !g.leak; });
  end_page(page);
  return page.take();
}

}  // namespace espalier
