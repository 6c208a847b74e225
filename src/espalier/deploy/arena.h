// One block of memory for values that live at different times: where each goes, decided once.
//
//   ArenaLayout layout = lay_out({{.bytes = 4096, .first = 0, .last = 1}, ...});
#pragma once

#include <cstddef>
#include <vector>

namespace espalier {

struct Tenant {
  size_t bytes;
  size_t first, last;  // the steps that write it first and read it last, both included
};

struct ArenaLayout {
  std::vector<size_t> offsets;  // one a tenant, multiples of kArenaAlignment
  size_t bytes = 0;             // of the whole block
};

constexpr size_t kArenaAlignment = 64;  // a cache line, and oneDNN's widest vector

// No two tenants that live at a common step overlap. Largest first, each at the lowest place that is
// free (greedy by size: Pisarchyk and Lee 2020, arXiv 2001.03288, algorithm 3).
ArenaLayout lay_out(const std::vector<Tenant>& tenants);

}  // namespace espalier
