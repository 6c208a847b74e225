// Numbers in rows and columns, as plain memory: what every model of tables learns from and answers.
//
//   Matrix<double> x(150, 4);
//   x(0, 2) = 1.4;
//   fit_naive_bayes({}, x.view(), labels);
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace espalier {

// Row-major, not owned. `stride` values lie from one row to the next (>= columns).
template <class T>
struct MatrixView {
  const T* data = nullptr;
  int64_t rows = 0, columns = 0, stride = 0;

  const T* row(int64_t r) const { return data + r * stride; }
  T operator()(int64_t r, int64_t c) const { return data[r * stride + c]; }
  std::span<const T> span(int64_t r) const { return {row(r), static_cast<size_t>(columns)}; }

  // Rows begin..end-1.
  MatrixView slice(int64_t begin, int64_t end) const {
    return {row(begin), end - begin, columns, stride};
  }
};

// Row-major, owned, without gaps between the rows.
template <class T>
struct Matrix {
  std::vector<T> values;
  int64_t rows = 0, columns = 0;

  Matrix() = default;
  Matrix(int64_t row_count, int64_t column_count)
      : values(static_cast<size_t>(row_count * column_count)),
        rows(row_count),
        columns(column_count) {}

  T* row(int64_t r) { return values.data() + r * columns; }
  const T* row(int64_t r) const { return values.data() + r * columns; }
  T& operator()(int64_t r, int64_t c) { return values[static_cast<size_t>(r * columns + c)]; }
  T operator()(int64_t r, int64_t c) const { return values[static_cast<size_t>(r * columns + c)]; }
  MatrixView<T> view() const { return {values.data(), rows, columns, columns}; }
};

}  // namespace espalier
