// Label tables (label_table.h) as indexes of pictures.
#pragma once

#include <optional>

#include "espalier/data/image_index.h"

namespace espalier {

// Throws Error naming file and line; also where of ten rows spread over the table not one names an existing file.
ImageIndex index_label_table(const fs::path& file);

// Hugging Face's image folder: metadata.csv or metadata.jsonl in the folder, or one in each of its train/, val/, test/.
// Nothing when there is no such file. Throws Error(data) when both kinds are there, or some parts have labels as
// lists and others not.
std::optional<ImageIndex> index_metadata_folder(const fs::path& root);

}  // namespace espalier
