#include "espalier/train/profile.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace espalier {
namespace {

constexpr Profile::Share kOrder[] = {Profile::idle, Profile::forward, Profile::backward,
                                     Profile::step, Profile::other};
constexpr const char* kNames[] = {"forward", "backward", "step", "idle", "other"};

}  // namespace

void Profile::lap(Share share) {
  Clock::time_point now = Clock::now();
  seconds_[share] += std::chrono::duration<double>(now - last_).count();
  last_ = now;
}

void Profile::set_loading(double seconds, int64_t threads) {
  loading_ = seconds;
  threads_ = threads;
  if (threads == 0) seconds_[idle] = std::max(0.0, seconds_[idle] - seconds);
}

double Profile::wall() const {
  double sum = std::accumulate(seconds_.begin(), seconds_.end(), threads_ == 0 ? loading_ : 0.0);
  return std::max(sum, 1e-9);
}

double Profile::load_share() const {
  return loading_ / (wall() * static_cast<double>(std::max<int64_t>(threads_, 1)));
}

nlohmann::ordered_json Profile::to_json() const {
  nlohmann::ordered_json json = {{"load", load_share()}};
  for (Share share : kOrder) json[kNames[share]] = seconds_[share] / wall();
  return json;
}

std::string Profile::text() const {
  std::string text = fmt::format("load {:.1f} %", 100 * load_share());
  if (threads_ > 0)
    text += fmt::format(" of {} loader thread{}", threads_, threads_ == 1 ? "" : "s");
  for (Share share : kOrder)
    text += fmt::format(", {} {:.1f} %", kNames[share], 100 * seconds_[share] / wall());
  return text;
}

}  // namespace espalier
