// A limit on what this thread may allocate in tensors. While a network is built from the words of a
// file, its layers may claim any size; the budget turns a claim that the file's own bytes do not
// cover into an error before memory is touched.
//
//   AllocationBudget budget(8 * file_bytes + (16 << 20));
//   ImageModelPtr net = make_model(name, arguments_from_the_file);   // Error(format) when they ask
//   for more
#pragma once

#include <cstdint>

namespace espalier {

// Counts every CPU allocation of tensors made by this thread (frees are not given back) until
// destroyed. The request that passes the limit throws Error(format). Other threads are not touched.
// Budgets do not nest.
class AllocationBudget {
 public:
  explicit AllocationBudget(int64_t bytes);
  ~AllocationBudget();
  AllocationBudget(const AllocationBudget&) = delete;
  AllocationBudget& operator=(const AllocationBudget&) = delete;
};

}  // namespace espalier
