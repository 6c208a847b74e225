#include "espalier/report/page.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "espalier/report/axis.h"

namespace espalier {
namespace {

struct Title {
  std::string_view name, title;
  bool share;
};

constexpr std::array<Title, 15> kTitles = {{{"accuracy", "Accuracy", true},
                                            {"top5", "Top-5 accuracy", true},
                                            {"macro_f1", "Macro F1", false},
                                            {"log_loss", "Log loss", false},
                                            {"calibration_error", "Calibration error", true},
                                            {"auc", "AUC", false},
                                            {"average_precision", "Average precision", false},
                                            {"mcc", "Matthews correlation", false},
                                            {"kappa", "Cohen’s kappa", false},
                                            {"brier", "Brier score", false},
                                            {"mean_iou", "Mean IoU", true},
                                            {"map", "mAP", true},
                                            {"r2", "R²", false},
                                            {"rmse", "RMSE", false},
                                            {"mae", "Mean absolute error", false}}};

const Title* title_of(const std::string& name) {
  const auto found =
      std::find_if(kTitles.begin(), kTitles.end(), [&](const Title& t) { return t.name == name; });
  return found == kTitles.end() ? nullptr : &*found;
}

std::string plain_value(const std::string& name, double value) {
  if (is_share(name)) return percent_text(value);
  return std::abs(value) < 10 ? fmt::format("{:.3f}", value) : number_text(value);
}

}  // namespace

void begin_page(Html& page, const std::string& title) {
  page.raw("<!doctype html>\n");
  page.open("html", {{"lang", "en"}}).open("head");
  page.empty("meta", {{"charset", "utf-8"}});
  page.empty("meta", {{"http-equiv", "Content-Security-Policy"},
                      {"content",
                       "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src "
                       "'unsafe-inline'"}});
  page.empty("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  page.empty("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  page.leaf("title", title);
  page.open("style").raw(kStyle).close().close();
  page.open("body").open("main");
}

void end_page(Html& page) {
  page.leaf("footer", "Written by espalier. This file needs no network.");
  page.close();
  page.open("script").raw(kScript).close();
  page.close().close();
}

std::string score_title(const std::string& name) {
  if (const Title* known = title_of(name)) return std::string(known->title);
  std::string title = name;
  std::replace(title.begin(), title.end(), '_', ' ');
  if (!title.empty())
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  return title;
}

bool is_share(const std::string& name) {
  const Title* known = title_of(name);
  return known != nullptr ? known->share : name.ends_with("accuracy");
}

std::string score_text(const Score& score) {
  return plain_value(score.name, score.value);
}

std::string interval_text(const Score& score) {
  if (!score.interval) return "";
  std::string low = plain_value(score.name, score.interval->low);
  if (is_share(score.name)) low.resize(low.size() - 2);  // one sign of percent is enough
  return low + " – " + plain_value(score.name, score.interval->high);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0) || seconds > 1e10) return "–";
  if (seconds < 10) return fmt::format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

void absent(Html& page, const std::string& what, const std::string& command) {
  page.open("p", {{"class", "absent"}}).text(what + " ").leaf("code", command).text(".").close();
}

void warning_box(Html& page, const std::vector<std::string>& warnings) {
  if (warnings.empty()) return;
  page.open("aside", {{"class", "warnings"}}).leaf("p", "Some of this run could not be read:");
  page.open("ul");
  for (const std::string& line : warnings) page.leaf("li", line);
  page.close().close();
}

void section(Html& page, const std::string& title) {
  page.open("section").leaf("h2", title);
}

}  // namespace espalier
