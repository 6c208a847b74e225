#include "espalier/data/duplicates.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <utility>

namespace espalier {
namespace {

// Sets that grow together (Tarjan 1975), each named by its smallest member.
class Sets {
 public:
  explicit Sets(size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), size_t{0});
  }
  size_t find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) {
    a = find(a), b = find(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parent_;
};

struct Candidate {
  uint64_t hash;
  float mean;
  size_t index;
};

// Two hashes that differ in at most seven bits agree in one of their eight bytes. Means that differ by more than the root
// mean square may cannot belong to pictures that look alike.
void join_alike(const std::vector<Candidate>& kinds,
                const std::vector<const PictureFacts*>& facts,
                Sets& sets) {
  for (int byte = 0; byte < 8; ++byte) {
    std::vector<std::vector<Candidate>> buckets(256);
    for (const Candidate& one : kinds) buckets[one.hash >> (8 * byte) & 255U].push_back(one);
    for (std::vector<Candidate>& bucket : buckets)
      for (size_t a = 0; a < bucket.size(); ++a)
        for (size_t b = a + 1; b < bucket.size() && bucket[b].mean - bucket[a].mean <= kNearLevels;
             ++b)
          if (std::popcount(bucket[a].hash ^ bucket[b].hash) <= kNearBits &&
              looks_alike(facts[bucket[a].index]->print, facts[bucket[b].index]->print))
            sets.join(bucket[a].index, bucket[b].index);
  }
}

}  // namespace

std::vector<DuplicateGroup> find_duplicates(const std::vector<const PictureFacts*>& facts,
                                            bool near) {
  Sets sets(facts.size());
  std::map<std::pair<uint64_t, uint64_t>, size_t> first_of;
  std::vector<Candidate> kinds;  // one of each content
  for (size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i]) continue;
    const auto [place, fresh] = first_of.try_emplace({facts[i]->content, facts[i]->bytes}, i);
    if (fresh)
      kinds.push_back({facts[i]->print.hash, facts[i]->print.mean, i});
    else
      sets.join(place->second, i);
  }
  std::sort(kinds.begin(), kinds.end(),
            [](const Candidate& a, const Candidate& b) { return a.mean < b.mean; });
  if (near) join_alike(kinds, facts, sets);

  std::map<size_t, std::vector<size_t>> members;
  for (size_t i = 0; i < facts.size(); ++i)
    if (facts[i]) members[sets.find(i)].push_back(i);
  std::vector<DuplicateGroup> groups;
  for (auto& [first, all] : members) {
    if (all.size() < 2) continue;
    const PictureFacts& one = *facts[first];
    const bool exact = std::all_of(all.begin(), all.end(), [&](size_t i) {
      return facts[i]->content == one.content && facts[i]->bytes == one.bytes;
    });
    groups.push_back({.members = std::move(all), .exact = exact});
  }
  return groups;
}

}  // namespace espalier
