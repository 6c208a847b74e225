// Counted random streams. A stream is a key and a counter; number n of a stream is a pure function
// of both, so a run resumes by remembering counters, and work split over threads draws the same
// numbers for any split:
//
//   Random sample = Random(seed).stream(epoch).stream(index);   // independent of every other
//   (epoch, index) double u = sample.uniform();
//
// The bits are ours (SplitMix64 finaliser over key and counter), not the standard library's, whose
// distributions differ between implementations.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace espalier {

class Random {
 public:
  explicit Random(uint64_t seed);

  // A stream of its own for this number or name; drawing from it never moves this one.
  Random stream(uint64_t id) const;
  Random stream(std::string_view name) const;

  uint64_t bits();                          // 64 random bits
  double uniform();                         // [0, 1)
  double uniform(double low, double high);  // [low, high)
  int64_t below(int64_t n);                 // 0 .. n-1, unbiased; n >= 1
  double normal();                          // mean 0, deviation 1
  bool chance(double probability) { return uniform() < probability; }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (int64_t i = static_cast<int64_t>(items.size()) - 1; i > 0; --i)
      std::swap(items[static_cast<size_t>(i)], items[static_cast<size_t>(below(i + 1))]);
  }

  uint64_t counter() const { return counter_; }
  void set_counter(uint64_t counter) { counter_ = counter; }

 private:
  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace espalier
