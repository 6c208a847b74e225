// Where the time of training goes: shares of an epoch's wall time.
//
//   Profile profile;                       // begins now
//   batch = loader.next();                 profile.lap(Profile::idle);
//   losses = task.losses(batch);           profile.lap(Profile::forward);
//   say(profile.text());                   // "forward 35 %, backward 58 %, ..."
#pragma once

#include <array>
#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace espalier {

class Profile {
 public:
  // idle: waiting for the loader; other: logging, saving, counting.
  enum Share { forward, backward, step, idle, other };
  static constexpr size_t kShares = 5;

  Profile() : last_(Clock::now()) {}

  // The time since the last lap, or since the beginning, goes to `share`.
  void lap(Share share);
  // What the loader's threads, `threads` of them, spent loading. Without threads of its own
  // (0) the loader works in the training thread, and its time is taken out of `idle`.
  void set_loading(double seconds, int64_t threads);

  // {"load": 0.41, "idle": 0.002, "forward": 0.35, "backward": 0.57, "step": 0.05, "other": 0.02}:
  // shares of the wall time; load is a share of the loader's threads' time and stands beside the
  // others, which sum to 1 (with it, when the loader has no threads).
  nlohmann::ordered_json to_json() const;
  std::string text() const;

 private:
  using Clock = std::chrono::steady_clock;
  double wall() const;
  double load_share() const;

  Clock::time_point last_;
  std::array<double, kShares> seconds_{};
  double loading_ = 0;
  int64_t threads_ = 0;
};

}  // namespace espalier
