#include <algorithm>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/data/write_each.h"
#include "espalier/data/write_segmentation.h"

namespace espalier {
namespace {

std::string segmentation_text(const Image& mask, const WriteConfig& config) {
  if (config.segmentation == "polygons") {
    const std::vector<Contour> contours = mask_contours(mask);
    if (std::none_of(contours.begin(), contours.end(), [](const Contour& c) { return c.hole; })) {
      std::vector<std::string> polygons;
      for (const Contour& c : contours)
        polygons.push_back(fmt::format("[{}]", fmt::join(c.corners, ",")));
      return fmt::format("[{}]", fmt::join(polygons, ","));
    }
  }
  return fmt::format(R"({{"size":[{},{}],"counts":[{}]}})", mask.height, mask.width,
                     fmt::join(rle_counts(mask), ","));
}

std::string annotation_text(const Instance& object,
                            int64_t id,
                            int64_t picture,
                            const WriteConfig& config) {
  const Box& b = object.box;
  const double area =
      object.mask.empty()
          ? b.area()
          : static_cast<double>(std::count_if(object.mask.pixels.begin(), object.mask.pixels.end(),
                                              [](uint8_t v) { return v != 0; }));
  std::string text = fmt::format(
      R"({{"id":{},"image_id":{},"category_id":{},"bbox":[{},{},{},{}],"area":{},"iscrowd":0)", id,
      picture, object.label + 1, b.x0, b.y0, b.width(), b.height(), area);
  if (!object.mask.empty()) text += R"(,"segmentation":)" + segmentation_text(object.mask, config);
  if (object.track >= 0) text += fmt::format(R"(,"track_id":{})", object.track);
  return text + "}";
}

std::string categories_text(int64_t count, const WriteConfig& config) {
  nlohmann::ordered_json categories = nlohmann::ordered_json::array();
  for (int64_t label = 0; label < count; ++label)
    categories.push_back({{"id", label + 1},
                          {"name", name_of(label, config.instance_names)},
                          {"supercategory", ""}});
  return categories.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

WriteReport write_coco(const Dataset& data, const fs::path& folder, const WriteConfig& config) {
  std::string images, annotations;
  int64_t next_id = 1, labels = static_cast<int64_t>(config.instance_names.size());
  WriteReport report =
      write_each(data, folder, {"images"}, config, [&](int64_t i, const Sample& sample) {
        const std::string name = picture_name(i, config);
        for (const Instance& object : sample.truth.instances) {
          if (object.label < 0) fail(Kind::data, "an instance has the label {}", object.label);
          labels = std::max(labels, object.label + 1);
        }
        write_picture(folder / "images" / name, sample.image, config);
        images += fmt::format(R"({}{{"id":{},"file_name":"{}","width":{},"height":{}}})",
                              images.empty() ? "" : ",\n", i + 1, name, sample.image.width,
                              sample.image.height);
        for (const Instance& object : sample.truth.instances)
          annotations += (annotations.empty() ? "" : ",\n") +
                         annotation_text(object, next_id++, i + 1, config);
      });
  write_file_atomic(folder / "annotations.json", [&](std::ostream& out) {
    out << "{\"info\":{\"description\":\"written by "
           "Espalier\",\"version\":\"1.0\"},\n\"licenses\":[],\n\"categories\":"
        << categories_text(labels, config) << ",\n\"images\":[\n"
        << images << "],\n\"annotations\":[\n"
        << annotations << "]}\n";
  });
  return report;
}

}  // namespace espalier
