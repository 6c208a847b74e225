#include "espalier/report/ranking_charts.h"

#include <fmt/format.h>

#include "espalier/report/axis.h"
#include "espalier/report/html.h"
#include "espalier/report/unit_square.h"

namespace espalier {
namespace {

const UnitSquare kSquare;
const double kWidth = kSquare.x(1) + 22, kHeight = kSquare.y(0) + 36;

struct ShownCurve {
  std::string name, area;
  const std::vector<SharePoint>* points;
  SharePoint answers;
  std::string what;  // of the answers
};

void legend(Html& html, const std::vector<ShownCurve>& curves) {
  html.open("div", {{"class", "legend"}});
  for (size_t i = 0; i < curves.size(); ++i) {
    html.open("span").leaf("i", "", {{"class", fmt::format("key s{}", i % 8)}});
    html.leaf("em", curves[i].name).leaf("b", curves[i].area).close();
  }
  html.close();
}

void draw_curve(Html& svg, const ShownCurve& curve, size_t colour) {
  std::string path;
  for (const SharePoint& point : *curve.points)
    path += fmt::format("{}{},{}", path.empty() ? "M" : "L", px(kSquare.x(point.x)),
                        px(kSquare.y(point.y)));
  svg.empty("path", {{"class", fmt::format("line s{}", colour % 8)}, {"d", path}});
}

void draw_answers(Html& svg, const ShownCurve& curve, size_t colour) {
  svg.open("circle", {{"class", fmt::format("point s{}", colour % 8)},
                      {"cx", px(kSquare.x(curve.answers.x))},
                      {"cy", px(kSquare.y(curve.answers.y))},
                      {"r", "5.5"}});
  svg.leaf("title", curve.name + ", as answered: " + curve.what).close();
}

// `chance`: the height at which a score that says nothing stays, < 0: the diagonal.
std::string square_chart(const std::string& title,
                         const std::string& x_name,
                         const std::string& y_name,
                         double chance,
                         const std::vector<ShownCurve>& curves) {
  if (curves.empty()) return "";
  Html html;
  html.open("figure").leaf("figcaption", title);
  legend(html, curves);
  html.open("svg", {{"viewBox", fmt::format("0 0 {} {}", px(kWidth), px(kHeight))},
                    {"role", "img"},
                    {"aria-label", title}});
  kSquare.draw_grid(html, x_name, y_name);
  kSquare.draw_line(html, "ideal", 0, chance < 0 ? 0 : chance, 1, chance < 0 ? 1 : chance);
  // Dots above all lines; the first curve on top.
  for (size_t i = curves.size(); i > 0; --i) draw_curve(html, curves[i - 1], i - 1);
  for (size_t i = curves.size(); i > 0; --i) draw_answers(html, curves[i - 1], i - 1);
  html.close().close();
  return html.take();
}

}  // namespace

std::string roc_chart(const std::vector<ClassCurve>& curves,
                      const std::vector<std::string>& classes) {
  std::vector<ShownCurve> shown;
  for (const ClassCurve& curve : curves)
    if (!curve.roc.empty())
      shown.push_back({classes.at(static_cast<size_t>(curve.of_class)),
                       fmt::format("AUC {:.3f}", curve.auc),
                       &curve.roc,
                       {curve.false_positive_rate, curve.true_positive_rate},
                       fmt::format("true positives {}, false positives {}",
                                   percent_text(curve.true_positive_rate),
                                   percent_text(curve.false_positive_rate))});
  return square_chart("ROC curve", "false positive rate", "true positive rate", -1, shown);
}

std::string precision_recall_chart(const std::vector<ClassCurve>& curves,
                                   const std::vector<std::string>& classes) {
  std::vector<ShownCurve> shown;
  double chance = 0;
  for (const ClassCurve& curve : curves) {
    if (curve.precision_recall.empty()) continue;
    shown.push_back({classes.at(static_cast<size_t>(curve.of_class)),
                     fmt::format("AP {:.3f}", curve.average_precision),
                     &curve.precision_recall,
                     {curve.true_positive_rate, curve.precision},
                     fmt::format("recall {}, precision {}", percent_text(curve.true_positive_rate),
                                 percent_text(curve.precision))});
    chance = curve.share;
  }
  return square_chart("Precision over recall", "recall", "precision",
                      shown.size() == 1 ? chance : 0, shown);
}

}  // namespace espalier
