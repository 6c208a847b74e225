// The four files of MNIST, Fashion-MNIST and their kin:
// {train,t10k}-{images-idx3,labels-idx1}-ubyte, also written with a dot
// ("train-images.idx3-ubyte"). Pictures are gray.
//
//   if (holds_idx_set("fashion_mnist")) DatasetPtr train = read_idx_set("fashion_mnist",
//   IdxPart::train);
#pragma once

#include <string>
#include <vector>

#include "espalier/core/files.h"
#include "espalier/data/dataset.h"

namespace espalier {

enum class IdxPart { train, test };

// Whether any of the files is there, packed or not.
bool holds_idx_set(const fs::path& folder);
bool holds_idx_part(const fs::path& folder, IdxPart part);

// The whole part, in memory. Without `names`, they are those of Fashion-MNIST when the folder's
// name says "fashion" and there are at most 10 classes, else "0", "1", ... up to the largest label.
// Throws Error(io) for a missing file, Error(unsupported) for .gz ("unpack it"), Error(format)
// naming the file, Error(data) when labels and pictures differ in number, or a label has no name.
DatasetPtr read_idx_set(const fs::path& folder, IdxPart part, std::vector<std::string> names = {});

}  // namespace espalier
