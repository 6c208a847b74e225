// Matrices as tensors without a copy, and back; what is given must live as long as the tensor. And linear algebra whose
// results do not depend on the number of threads, for the library below splits long sums by it where it may.
#pragma once

#include <cstdint>
#include <functional>

#include <ATen/core/Tensor.h>

#include "espalier/tabular/matrix.h"

namespace espalier {

at::Tensor as_tensor(MatrixView<double> matrix);
at::Tensor as_tensor(Matrix<double>& matrix);
Matrix<double> as_matrix(const at::Tensor& tensor);  // rows x columns, or a list as one row

// Runs `body` where no tensor operation uses another thread.
void on_one_thread(const std::function<void()>& body);

// body(begin, end) for parts of the rows that are the same for any number of threads, inside which operations use one
// thread each: blocks of up to 2048 rows, or `parts` numbered parts.
void for_row_blocks(int64_t rows, const std::function<void(int64_t begin, int64_t end)>& body);
void for_row_parts(int64_t rows,
                   int64_t parts,
                   const std::function<void(int64_t part, int64_t begin, int64_t end)>& body);

}  // namespace espalier
