// Neighbours by looking at all points, quickly and yet exactly. Points are rounded to 8-bit whole numbers (or to
// floats, on a processor without AVX-512 VNNI); tiles of their dot products with the queries give every distance up to
// an error whose bound is known from the sizes of what rounding took away; and only points that the bound cannot rule
// out are measured in doubles.
//
// With y = x^ + e and z = z^ + f:  |y.z - x^.z^| <= |e| |z| + |x^| |f|   (Cauchy-Schwarz, twice)
#pragma once

#include <memory>

#include "espalier/tabular/distance.h"
#include "espalier/tabular/neighbor_search.h"

namespace espalier {

enum class Rounding { best, floats };  // the latter is what processors without VNNI take

template <class T>
std::shared_ptr<const PointIndex<T>> make_brute_search(MatrixView<T> points,
                                                       Metric metric,
                                                       Rounding rounding = Rounding::best);

}  // namespace espalier
