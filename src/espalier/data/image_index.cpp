#include "espalier/data/image_index.h"

#include <algorithm>

#include "espalier/core/error.h"
#include "espalier/data/image_folder.h"
#include "espalier/data/label_table.h"
#include "espalier/data/photo_part.h"
#include "espalier/data/table_index.h"
#include "espalier/format/read_image.h"

namespace espalier {
namespace {

class IndexedImages : public Dataset {
 public:
  IndexedImages(const ImageIndex& index, const ImageIndex::Part& part)
      : root_(index.root), names_(index.class_names), items_(part.items) {
    std::vector<int64_t> pictures(names_.size());
    for (const ImageIndex::Item& item : items_)
      for (int64_t id : item.classes) ++pictures.at(static_cast<size_t>(id));
    for (const ImageIndex::Item& item : items_) {
      const auto rarest =
          std::min_element(item.classes.begin(), item.classes.end(), [&](int64_t a, int64_t b) {
            return pictures[static_cast<size_t>(a)] < pictures[static_cast<size_t>(b)];
          });
      labels_.push_back(rarest == item.classes.end() ? -1 : *rarest);
    }
  }

  int64_t size() const override { return static_cast<int64_t>(items_.size()); }

  Sample read(int64_t i, int min_side) const override {
    const ImageIndex::Item& item = items_.at(static_cast<size_t>(i));
    Sample sample;
    const fs::path file = root_ / item.file;
    sample.image = min_side == kUndecoded
                       ? read_undecoded(file)
                       : read_image(file, {.channels = Channels::rgb, .min_side = min_side});
    sample.truth.width = sample.image.width;
    sample.truth.height = sample.image.height;
    for (int64_t id : item.classes) sample.truth.labels.push_back({.id = id});
    sample.id = item.file;
    return sample;
  }

  std::string id(int64_t i) const override { return items_.at(static_cast<size_t>(i)).file; }
  int64_t label(int64_t i) const override { return labels_.at(static_cast<size_t>(i)); }
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  fs::path root_;
  std::vector<std::string> names_;
  std::vector<ImageIndex::Item> items_;
  std::vector<int64_t> labels_;
};

}  // namespace

const ImageIndex::Part* ImageIndex::find(const std::string& part) const {
  const auto found =
      std::find_if(parts.begin(), parts.end(), [&](const Part& one) { return one.name == part; });
  return found == parts.end() ? nullptr : &*found;
}

ImageIndex read_image_index(const fs::path& where) {
  std::error_code ignored;
  if (!fs::exists(where, ignored))
    fail(Kind::io, "{} does not exist; name a folder of pictures, or 'orchard' for generated ones",
         where.string());
  if (fs::is_directory(where, ignored)) {
    if (std::optional<ImageIndex> index = index_metadata_folder(where)) return std::move(*index);
    return index_image_folder(where);
  }
  if (!is_label_table_name(where))
    fail(Kind::data,
         "{} is a file; expected a folder of pictures, or a table of labels (.csv, .tsv, .jsonl); "
         "unpack archives first",
         where.string());
  return index_label_table(where);
}

DatasetPtr make_dataset(const ImageIndex& index, const ImageIndex::Part& part) {
  return std::make_shared<IndexedImages>(index, part);
}

}  // namespace espalier
