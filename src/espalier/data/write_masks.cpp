#include <algorithm>

#include "espalier/data/write_each.h"
#include "espalier/format/csv.h"
#include "espalier/format/png.h"

namespace espalier {
namespace {

// Instance numbers from 1, later ones on top; throws Error(data) for a mask of another size.
Image16 number_instances(const Sample& sample) {
  const std::vector<Instance>& objects = sample.truth.instances;
  if (objects.size() > 65535) fail(Kind::data, "{} instances; 16 bits hold 65535", objects.size());
  Image16 numbers(sample.image.width, sample.image.height, 1);
  for (size_t k = 0; k < objects.size(); ++k) {
    const Image& mask = objects[k].mask;
    if (mask.empty()) continue;
    if (mask.width != numbers.width || mask.height != numbers.height)
      fail(Kind::data, "picture is {} x {}, the mask of instance {} {} x {}", numbers.width,
           numbers.height, k, mask.width, mask.height);
    for (size_t at = 0; at < mask.pixels.size(); ++at)
      if (mask.pixels[at]) numbers.pixels[at] = static_cast<uint16_t>(k + 1);
  }
  return numbers;
}

}  // namespace

WriteReport write_masks(const Dataset& data, const fs::path& folder, const WriteConfig& config) {
  std::string table = "picture,number,label,name,x0,y0,x1,y1,track\n", classes = "id,name\n";
  WriteReport report = write_each(
      data, folder, {"images", "semantic", "instances"}, config,
      [&](int64_t i, const Sample& sample) {
        const std::vector<Instance>& objects = sample.truth.instances;
        const bool masks = std::any_of(objects.begin(), objects.end(),
                                       [](const Instance& o) { return !o.mask.empty(); });
        if (sample.truth.semantic.empty() && !masks) fail(Kind::data, "has no masks");
        const std::string png = fmt::format("{:06}.png", i);
        if (masks) write_png16(folder / "instances" / png, number_instances(sample));
        if (!sample.truth.semantic.empty())
          write_png(folder / "semantic" / png, sample.truth.semantic);
        write_picture(folder / "images" / picture_name(i, config), sample.image, config);
        for (size_t k = 0; k < objects.size(); ++k) {
          const Instance& o = objects[k];
          if (o.mask.empty()) continue;
          table += fmt::format("{},{},{},{},{},{},{},{},{}\n", picture_name(i, config), k + 1,
                               o.label, csv_text(name_of(o.label, config.instance_names)), o.box.x0,
                               o.box.y0, o.box.x1, o.box.y1, o.track);
        }
      });
  for (size_t k = 0; k < config.semantic_names.size(); ++k)
    classes += fmt::format("{},{}\n", k, csv_text(config.semantic_names[k]));
  write_file_atomic(folder / "instances.csv", table);
  if (!config.semantic_names.empty()) write_file_atomic(folder / "semantic.csv", classes);
  return report;
}

}  // namespace espalier
