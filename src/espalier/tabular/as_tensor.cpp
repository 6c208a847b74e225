#include "espalier/tabular/as_tensor.h"

#include <algorithm>

#include "espalier/tensor/threads.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr int64_t kBlock = 2048;

}  // namespace

at::Tensor as_tensor(MatrixView<double> matrix) {
  return at::from_blob(const_cast<double*>(matrix.data), {matrix.rows, matrix.columns},
                       {matrix.stride, 1}, at::kDouble);
}

at::Tensor as_tensor(Matrix<double>& matrix) {
  return as_tensor(std::as_const(matrix).view());
}

Matrix<double> as_matrix(const at::Tensor& tensor) {
  const at::Tensor whole =
      (tensor.dim() == 2 ? tensor : tensor.reshape({1, -1})).to(at::kDouble).contiguous();
  Matrix<double> matrix(whole.size(0), whole.size(1));
  std::copy_n(whole.const_data_ptr<double>(), matrix.values.size(), matrix.values.begin());
  return matrix;
}

// Not by a parallel region with an empty second part: inside one, MKL's LAPACK waits for threads for ever.
void on_one_thread(const std::function<void()>& body) {
  with_threads(1, body);
}

void for_row_parts(int64_t rows,
                   int64_t parts,
                   const std::function<void(int64_t, int64_t, int64_t)>& body) {
  at::parallel_for(0, std::max<int64_t>(2, parts), 1, [&](int64_t first, int64_t last) {
    torch::NoGradGuard guard;
    for (int64_t part = first; part < std::min(last, parts); ++part) {
      const int64_t begin = rows * part / parts, end = rows * (part + 1) / parts;
      if (begin < end) body(part, begin, end);
    }
  });
}

void for_row_blocks(int64_t rows, const std::function<void(int64_t, int64_t)>& body) {
  for_row_parts(rows, (rows + kBlock - 1) / kBlock,
                [&](int64_t, int64_t begin, int64_t end) { body(begin, end); });
}

}  // namespace espalier
