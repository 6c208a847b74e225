#include "espalier/tabular/small_sort.h"

#include <cstring>

#include "espalier/tensor/vectors.h"

namespace espalier {

uint64_t* small_sort(const uint64_t* items, uint64_t* spare, int64_t count) {
  constexpr int W = 16;
  using Word = typename Lanes<W>::Word;
  alignas(64) uint32_t key[kSmallSort + W];
  alignas(64) uint32_t place[kSmallSort + W];
  with_widest_vectors([&]() ESPALIER_INLINE {
    for (int64_t i = 0; i < count; ++i) key[i] = static_cast<uint32_t>(items[i] >> 32);
    for (int64_t i = count; i < count + W; ++i) key[i] = 0xffffffff;
    for (int64_t start = 0; start < count; start += W) {
      Word mine, before = {};
      std::memcpy(&mine, key + start, sizeof mine);
      Word lane;
      for (int k = 0; k < W; ++k) lane[k] = static_cast<uint32_t>(k);
      const int64_t within = start + W < count ? start + W : count;
      for (int64_t j = 0; j < start; ++j) before -= (Word)(Word{} + key[j] <= mine);
      for (int64_t j = start; j < within; ++j) {
        const Word other = Word{} + key[j];
        before -= (Word)(other < mine) |
                  ((Word)(other == mine) & (Word)(lane > static_cast<uint32_t>(j - start)));
      }
      for (int64_t j = within; j < count; ++j) before -= (Word)(Word{} + key[j] < mine);
      std::memcpy(place + start, &before, sizeof before);
    }
    for (int64_t i = 0; i < count; ++i) spare[place[i]] = items[i];
  });
  return spare;
}

}  // namespace espalier
