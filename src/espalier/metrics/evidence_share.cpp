#include "espalier/metrics/evidence_share.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/data/stretch.h"
#include "espalier/metrics/interval.h"

namespace espalier {
namespace {

Raster<float> only_evidence(Raster<float> map) {
  for (float& v : map.pixels)
    if (!(v > 0) || !std::isfinite(v)) v = 0;
  return map;
}

template <class Choose>
Image union_of(const Annotation& truth, Choose chosen) {
  Image all;
  for (const Instance& instance : truth.instances) {
    if (instance.mask.empty() || !chosen(instance)) continue;
    if (all.empty()) {
      all = instance.mask;
      continue;
    }
    if (instance.mask.width != all.width || instance.mask.height != all.height)
      fail(Kind::internal, "masks of one picture differ in size");
    std::transform(all.pixels.begin(), all.pixels.end(), instance.mask.pixels.begin(),
                   all.pixels.begin(), [](uint8_t a, uint8_t b) { return std::max(a, b); });
  }
  return all;
}

}  // namespace

std::optional<EvidenceShare> evidence_share(const Raster<float>& map, const Image& mask) {
  if (mask.empty() || map.empty()) return std::nullopt;
  if (mask.channels != 1) fail(Kind::internal, "a mask of {} channels", mask.channels);
  const Raster<float> evidence = stretch(only_evidence(map), mask.width, mask.height);
  double all = 0, inside = 0, covered = 0;
  for (size_t i = 0; i < mask.pixels.size(); ++i) {
    const double part = mask.pixels[i] / 255.0;
    all += evidence.pixels[i];
    inside += part * evidence.pixels[i];
    covered += part;
  }
  if (all <= 0 || covered <= 0) return std::nullopt;
  return EvidenceShare{inside / all, covered / static_cast<double>(mask.pixels.size())};
}

Image object_mask(const Annotation& truth) {
  if (!truth.alpha.empty()) return truth.alpha;
  Image all = union_of(truth, [](const Instance&) { return true; });
  if (!all.empty() || truth.semantic.empty()) return all;
  all = truth.semantic;
  for (uint8_t& v : all.pixels) v = v == 0 || v == Annotation::kIgnore ? 0 : 255;
  return all;
}

Image part_mask(const Annotation& truth, int64_t label) {
  return union_of(truth, [&](const Instance& instance) { return instance.label == label; });
}

MeanEvidenceShare mean_share(const std::vector<EvidenceShare>& shares) {
  MeanEvidenceShare result{
      .pictures = static_cast<int64_t>(shares.size()), .mean = {}, .interval = {}};
  std::vector<double> values;
  for (const EvidenceShare& one : shares) {
    values.push_back(one.share);
    result.mean.share += one.share / static_cast<double>(shares.size());
    result.mean.even += one.even / static_cast<double>(shares.size());
  }
  if (const std::optional<Interval> interval = mean_interval(values))
    result.interval = {std::max(0.0, interval->low), std::min(1.0, interval->high)};
  return result;
}

nlohmann::ordered_json to_json(const EvidenceShare& share) {
  return {{"share", share.share}, {"even", share.even}};
}

nlohmann::ordered_json to_json(const MeanEvidenceShare& mean) {
  nlohmann::ordered_json json = {{"pictures", mean.pictures}, {"share", mean.mean.share}};
  if (mean.interval) json.update({{"low", mean.interval->low}, {"high", mean.interval->high}});
  json["even"] = mean.mean.even;
  return json;
}

}  // namespace espalier
