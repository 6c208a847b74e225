#include "espalier/deploy/arena.h"

#include <algorithm>
#include <numeric>

namespace espalier {
namespace {

size_t rounded(size_t bytes) {
  return (bytes + kArenaAlignment - 1) & ~(kArenaAlignment - 1);
}

bool meet(const Tenant& a, const Tenant& b) {
  return a.first <= b.last && b.first <= a.last;
}

}  // namespace

ArenaLayout lay_out(const std::vector<Tenant>& tenants) {
  std::vector<size_t> order(tenants.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return tenants[a].bytes > tenants[b].bytes; });
  ArenaLayout layout{.offsets = std::vector<size_t>(tenants.size()), .bytes = 0};
  std::vector<size_t> placed;  // by rising offset
  for (size_t tenant : order) {
    size_t offset = 0, bytes = rounded(tenants[tenant].bytes);
    for (size_t other : placed) {
      if (!meet(tenants[tenant], tenants[other])) continue;
      if (layout.offsets[other] >= offset + bytes) break;
      offset = std::max(offset, layout.offsets[other] + rounded(tenants[other].bytes));
    }
    layout.offsets[tenant] = offset;
    layout.bytes = std::max(layout.bytes, offset + bytes);
    auto later = std::find_if(placed.begin(), placed.end(),
                              [&](size_t other) { return layout.offsets[other] > offset; });
    placed.insert(later, tenant);
  }
  return layout;
}

}  // namespace espalier
