#include "espalier/data/write.h"

#include <set>

#include "espalier/core/error.h"
#include "espalier/data/write_each.h"
#include "espalier/format/csv.h"
#include "espalier/format/jpeg.h"
#include "espalier/format/png.h"

namespace espalier {

Fields fields(WriteConfig& c) {
  return {
      field("format", c.format, "of photographs: png is exact, jpeg small").one_of({"png", "jpeg"}),
      field("quality", c.quality, "of JPEG").between(1, 100),
      field("segmentation", c.segmentation,
            "masks of COCO files: rle is exact with holes, polygons follow pixel edges")
          .one_of({"rle", "polygons"})};
}

void check_write(const WriteConfig& config) {
  WriteConfig copy = config;
  const Fields known = fields(copy);
  for (const Field& f : known) set_field(known, f.name, field_text(f));
}

void claim_folder(const fs::path& folder) {
  std::error_code status;
  if (fs::exists(folder, status) &&
      (!fs::is_directory(folder, status) || !fs::is_empty(folder, status)))
    fail(Kind::usage, "{}: already there and not an empty folder; name another, or remove it first",
         folder.string());
  make_folder(folder);
}

std::string picture_name(int64_t i, const WriteConfig& config) {
  return fmt::format("{:06}.{}", i, config.format == "jpeg" ? "jpg" : "png");
}

void write_picture(const fs::path& path, const Image& image, const WriteConfig& config) {
  if (config.format == "jpeg")
    write_jpeg(path, image, static_cast<int>(config.quality));
  else
    write_png(path, image);
}

std::string name_of(int64_t label, const std::vector<std::string>& names) {
  const bool known = label >= 0 && label < static_cast<int64_t>(names.size());
  return known ? names[static_cast<size_t>(label)] : fmt::format("label {}", label);
}

namespace {

// A folder name that every file system takes, and that is no way out of the folder.
std::string folder_name(const std::string& name) {
  std::string safe;
  for (char c : name) {
    const bool bad = static_cast<unsigned char>(c) < 32 ||
                     std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos;
    safe += bad ? '_' : c;
  }
  return safe.empty() || safe.front() == '.' ? std::string("_").append(safe) : safe;
}

std::vector<std::string> folder_names(const std::vector<std::string>& names) {
  std::vector<std::string> folders;
  std::set<std::string> taken;
  for (const std::string& name : names) {
    std::string folder = folder_name(name);
    while (!taken.insert(folder).second) folder += fmt::format("_{}", folders.size());
    folders.push_back(folder);
  }
  return folders;
}

std::string box_text(const Box& box) {
  return fmt::format("{},{},{},{}", box.x0, box.y0, box.x1, box.y1);
}

}  // namespace

WriteReport write_image_folder(const Dataset& data,
                               const fs::path& folder,
                               const WriteConfig& config) {
  const std::vector<std::string> folders = folder_names(data.class_names());
  return write_each(data, folder, {}, config, [&](int64_t i, const Sample& sample) {
    if (sample.truth.labels.empty()) fail(Kind::data, "has no class");
    const int64_t label = sample.truth.labels.front().id;
    if (label < 0 || label >= static_cast<int64_t>(folders.size()))
      fail(Kind::data, "class {} is outside 0..{}", label,
           static_cast<int64_t>(folders.size()) - 1);
    write_picture(folder / folders[static_cast<size_t>(label)] / picture_name(i, config),
                  sample.image, config);
  });
}

WriteReport write_cutouts(const Dataset& data, const fs::path& folder, const WriteConfig& config) {
  return write_each(data, folder, {"images", "alpha", "cutouts"}, config,
                    [&](int64_t i, const Sample& sample) {
                      const Image &image = sample.image, &alpha = sample.truth.alpha;
                      if (alpha.empty()) fail(Kind::data, "has no alpha");
                      if (alpha.width != image.width || alpha.height != image.height)
                        fail(Kind::data, "picture is {} x {}, alpha {} x {}", image.width,
                             image.height, alpha.width, alpha.height);
                      Image cutout(image.width, image.height, 4);
                      for (int y = 0; y < image.height; ++y)
                        for (int x = 0; x < image.width; ++x) {
                          for (int c = 0; c < 3; ++c)
                            cutout.at(x, y, c) = image.at(x, y, image.channels < 3 ? 0 : c);
                          cutout.at(x, y, 3) = alpha.at(x, y);
                        }
                      const std::string png = fmt::format("{:06}.png", i);
                      write_png(folder / "alpha" / png, alpha);
                      write_png(folder / "cutouts" / png, cutout);
                      write_picture(folder / "images" / picture_name(i, config), image, config);
                    });
}

WriteReport write_points(const Dataset& data, const fs::path& folder, const WriteConfig& config) {
  std::string points = "picture,x,y,label\n", counts = "picture,count\n";
  WriteReport report =
      write_each(data, folder, {"images"}, config, [&](int64_t i, const Sample& sample) {
        const std::string name = picture_name(i, config);
        write_picture(folder / "images" / name, sample.image, config);
        for (const Point& p : sample.truth.points)
          points += fmt::format("{},{},{},{}\n", name, p.x, p.y, p.label);
        counts += fmt::format("{},{}\n", name, sample.truth.points.size());
      });
  write_file_atomic(folder / "points.csv", points);
  write_file_atomic(folder / "counts.csv", counts);
  return report;
}

WriteReport write_video(const Dataset& data, const fs::path& folder, const WriteConfig& config) {
  std::string tracks = "frame,track,label,name,x0,y0,x1,y1\n";
  WriteReport report =
      write_each(data, folder, {"frames"}, config, [&](int64_t i, const Sample& sample) {
        write_picture(folder / "frames" / picture_name(i, config), sample.image, config);
        for (const Instance& object : sample.truth.instances)
          if (object.track >= 0)
            tracks += fmt::format("{},{},{},{},{}\n", i, object.track, object.label,
                                  csv_text(name_of(object.label, config.instance_names)),
                                  box_text(object.box));
      });
  write_file_atomic(folder / "tracks.csv", tracks);
  return report;
}

const std::vector<WriteLayout>& write_layouts() {
  static const std::vector<WriteLayout> layouts{
      {"folder", "a folder for each class", write_image_folder},
      {"coco", "COCO instances: boxes, areas, masks", write_coco},
      {"masks", "semantic masks and instance numbers as PNG", write_masks},
      {"cutouts", "alpha mattes and RGBA cut-outs", write_cutouts},
      {"points", "object centres and counts as CSV", write_points},
      {"video", "frames in order, tracks as CSV", write_video}};
  return layouts;
}

}  // namespace espalier
