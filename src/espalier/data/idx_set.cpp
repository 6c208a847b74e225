#include "espalier/data/idx_set.h"

#include <algorithm>
#include <array>

#include "espalier/core/error.h"
#include "espalier/format/convert.h"
#include "espalier/format/idx.h"

namespace espalier {
namespace {

constexpr std::array kFashion = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                 "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

class IdxSet : public Dataset {
 public:
  IdxSet(std::string name, Idx images, Idx labels, std::vector<std::string> names)
      : name_(std::move(name)),
        images_(std::move(images)),
        labels_(std::move(labels)),
        names_(std::move(names)) {}

  int64_t size() const override { return images_.shape[0]; }

  Sample read(int64_t i, int /*min_side*/) const override {
    Sample sample;
    sample.image = Image(static_cast<int>(images_.shape[2]), static_cast<int>(images_.shape[1]), 1);
    size_t bytes = sample.image.pixels.size();
    std::string_view pixels = images_.numbers().substr(static_cast<size_t>(i) * bytes, bytes);
    std::copy(pixels.begin(), pixels.end(), sample.image.pixels.begin());
    sample.truth.width = sample.image.width;
    sample.truth.height = sample.image.height;
    sample.truth.labels = {{.id = label(i)}};
    sample.id = id(i);
    return sample;
  }

  std::string id(int64_t i) const override { return fmt::format("{}/{:05}", name_, i); }
  int64_t label(int64_t i) const override {
    return static_cast<uint8_t>(labels_.numbers().at(static_cast<size_t>(i)));
  }
  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  std::string name_;
  Idx images_, labels_;
  std::vector<std::string> names_;
};

std::string stem_of(IdxPart part) {
  return part == IdxPart::train ? "train" : "t10k";
}

// "images-idx3" -> the spellings in use.
std::vector<std::string> spellings(IdxPart part, const std::string& content) {
  std::string stem = stem_of(part) + "-", dotted = content;
  std::replace(dotted.begin() + static_cast<std::ptrdiff_t>(content.find('-')), dotted.end(), '-',
               '.');
  return {stem + content + "-ubyte", stem + dotted + "-ubyte"};
}

// The file there is, packed or not; "" when there is none.
fs::path find_file(const fs::path& folder, IdxPart part, const std::string& content) {
  std::error_code ignored;
  for (const char* packed : {"", ".gz"})
    for (const std::string& name : spellings(part, content))
      if (fs::exists(folder / (name + packed), ignored)) return folder / (name + packed);
  return {};
}

Idx read_part(const fs::path& folder, IdxPart part, const std::string& content, size_t dimensions) {
  fs::path path = find_file(folder, part, content);
  if (path.empty())
    fail(Kind::io, "{} does not exist; the set has one file of pictures and one of labels",
         (folder / spellings(part, content)[0]).string());
  Idx idx = read_idx(path);
  if (idx.type != IdxType::u8 || idx.shape.size() != dimensions)
    fail(Kind::format,
         "{} holds {} dimensions of type {:#04x}; {} of bytes (type 0x08) are expected",
         path.string(), idx.shape.size(), static_cast<int>(idx.type), dimensions);
  return idx;
}

bool says_fashion(const fs::path& folder) {
  std::error_code status;
  fs::path whole = fs::weakly_canonical(folder, status);
  std::string name = (status ? folder : whole).filename().string();
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return name.find("fashion") != std::string::npos;
}

size_t largest_of(std::string_view labels) {
  size_t largest = 0;
  for (char label : labels) largest = std::max<size_t>(largest, static_cast<uint8_t>(label));
  return largest;
}

std::vector<std::string> names_for(const fs::path& folder, size_t classes) {
  if (classes <= kFashion.size() && says_fashion(folder)) return {kFashion.begin(), kFashion.end()};
  std::vector<std::string> names;
  for (size_t i = 0; i < classes; ++i) names.push_back(fmt::to_string(i));
  return names;
}

}  // namespace

bool holds_idx_part(const fs::path& folder, IdxPart part) {
  return !find_file(folder, part, "images-idx3").empty() ||
         !find_file(folder, part, "labels-idx1").empty();
}

bool holds_idx_set(const fs::path& folder) {
  return holds_idx_part(folder, IdxPart::train) || holds_idx_part(folder, IdxPart::test);
}

DatasetPtr read_idx_set(const fs::path& folder, IdxPart part, std::vector<std::string> names) {
  Idx images = read_part(folder, part, "images-idx3", 3);
  Idx labels = read_part(folder, part, "labels-idx1", 1);
  if (images.shape[0] != labels.shape[0])
    fail(Kind::data, "{}: {} pictures but {} labels in the {} files", folder.string(),
         images.shape[0], labels.shape[0], stem_of(part));
  if (images.numbers().empty()) fail(Kind::data, "{}: the files hold no pictures", folder.string());
  if (images.shape[1] * images.shape[2] > kMostPixels)
    fail(Kind::unsupported, "{}: pictures of {} x {} are larger than the limit of {} pixels",
         folder.string(), images.shape[2], images.shape[1], kMostPixels);
  size_t largest = largest_of(labels.numbers());
  if (names.empty()) names = names_for(folder, largest + 1);
  if (largest >= names.size())
    fail(Kind::data, "{}: the {} files hold label {}, but there are {} classes", folder.string(),
         stem_of(part), largest, names.size());
  return std::make_shared<IdxSet>(stem_of(part), std::move(images), std::move(labels),
                                  std::move(names));
}

}  // namespace espalier
