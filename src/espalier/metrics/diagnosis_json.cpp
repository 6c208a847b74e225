#include <nlohmann/json.hpp>

#include "espalier/metrics/diagnosis.h"

namespace espalier {
namespace {

using Json = nlohmann::ordered_json;

Json pair_of(const Interval& interval) {
  return {interval.low, interval.high};
}

Json json_of(const Gain& gain) {
  return {{"value", gain.value}, {"interval", pair_of(gain.interval)}};
}

Json json_of(const std::optional<Gain>& gain) {
  return gain ? json_of(*gain) : Json();
}

Json json_of(const LearningCurve& curve) {
  Json points = Json::array();
  for (const CurvePoint& p : curve.points)
    points.push_back({{"rows", p.rows},
                      {"train", p.train},
                      {"held_out", p.held_out},
                      {"interval", pair_of(p.interval)}});
  return {
      {"points", points},
      {"law", {{"limit", curve.law.limit}, {"scale", curve.law.scale}, {"rate", curve.law.rate}}},
      {"growth", json_of(curve.growth)},
      {"next_doubling", curve.next_doubling}};
}

Json json_of(const std::vector<Setting>& sweep) {
  Json list = Json::array();
  for (const Setting& s : sweep)
    list.push_back({{"setting", s.name},
                    {"own", s.own},
                    {"current", s.current},
                    {"more_complex", s.more_complex},
                    {"train", s.train},
                    {"held_out", s.held_out},
                    {"gain", json_of(s.gain)}});
  return list;
}

Json json_of(const ShiftCheck& s) {
  Json columns = Json::array();
  for (const auto& [name, part] : s.columns) columns.push_back({{"column", name}, {"share", part}});
  return {{"train_rows", s.train_rows},
          {"asked_rows", s.asked_rows},
          {"auc", s.auc},
          {"interval", pair_of(s.interval)},
          {"control", s.control},
          {"cross_validated", s.cross_validated},
          {"asked", s.asked},
          {"harm", json_of(s.harm)},
          {"columns", columns}};
}

Json json_of(const TimeCheck& t) {
  return {{"column", t.column},         {"earlier", t.earlier},   {"later", t.later},
          {"by_earlier", t.by_earlier}, {"by_later", t.by_later}, {"harm", json_of(t.harm)}};
}

Json json_of(const LeakScan& leaks) {
  Json json = {
      {"asked_rows", leaks.asked_rows},
      {"duplicates", leaks.duplicates},
      {"conflicts", leaks.conflicts},
      {"expected", leaks.expected},
      {"score_duplicates", leaks.score_duplicates ? Json(*leaks.score_duplicates) : Json()},
      {"score_others", leaks.score_others ? Json(*leaks.score_others) : Json()},
      {"columns", Json::array()}};
  for (const TellingColumn& c : leaks.columns)
    json["columns"].push_back({{"column", c.name},
                               {"alone", c.alone},
                               {"without", c.without ? Json(*c.without) : Json()},
                               {"identifier", c.identifier}});
  return json;
}

Json json_of(const NoiseCheck& n) {
  Json json = {{"by", n.by},
               {"rows", n.rows},
               {"score", n.score},
               {"wrong_share", n.wrong_share},
               {"sure_error", n.sure_error},
               {"sure_interval", pair_of(n.sure_interval)},
               {"outliers", n.outliers},
               {"outlier_loss", n.outlier_loss},
               {"fit_of_rest", n.fit_of_rest},
               {"suspects", Json::array()}};
  for (const SuspectRow& s : n.suspects)
    json["suspects"].push_back({{"line", s.line},
                                {"id", s.id},
                                {"given", s.given},
                                {"expected", s.expected},
                                {"probability", s.probability}});
  return json;
}

template <class T>
Json maybe(const std::optional<T>& part) {
  return part ? json_of(*part) : Json();
}

}  // namespace

Json to_json(const Diagnosis& d) {
  const std::vector<FoundCause> causes = judge(d);
  Json json = {{"verdict", cause_name(causes[0].cause)}, {"causes", Json::array()}};
  for (const FoundCause& c : causes)
    json["causes"].push_back({{"cause", cause_name(c.cause)},
                              {"worth", c.worth},
                              {"because", c.because},
                              {"advice", c.advice}});
  json.update({{"model", d.model},
               {"target", d.target},
               {"score", d.score_name},
               {"rows", d.rows},
               {"rows_of", d.rows_of},
               {"folds", d.folds},
               {"repeats", d.repeats},
               {"seed", d.seed},
               {"chance", d.chance},
               {"train", d.train},
               {"held_out", d.held_out},
               {"gap", d.train - d.held_out},
               {"shuffled", d.shuffled},
               {"signal", json_of(d.signal)},
               {"learning_curve", json_of(d.curve)},
               {"sweep", json_of(d.sweep)},
               {"shift", maybe(d.shift)},
               {"time", maybe(d.time)},
               {"leaks", maybe(d.leaks)},
               {"noise", maybe(d.noise)},
               {"not_run", Json::array()},
               {"seconds", d.seconds}});
  for (const NotRun& n : d.not_run) json["not_run"].push_back({{"part", n.part}, {"why", n.why}});
  return json;
}

}  // namespace espalier
