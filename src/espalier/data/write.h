// Any data set written as ordinary files that other programs read.
//
//   write_image_folder(*make_orchard(config, OrchardSplit::train), "out/train");
//   write_coco(*split, "out", {.format = "jpeg", .segmentation = "polygons",
//                              .instance_names = orchard_instance_names()});
//
// Pictures are numbered in reading order (000000.png, ...). A sample that cannot be read or lacks
// what the layout needs is left out and reported. The folder must be absent or empty: Error(usage).
// Also throws Error(io) and Error(interrupted).
#pragma once

#include <string>
#include <vector>

#include "espalier/core/fields.h"
#include "espalier/core/files.h"
#include "espalier/data/loader.h"

namespace espalier {

struct WriteConfig {
  std::string format = "png";        // of photographs; masks and cut-outs are always PNG
  int64_t quality = 95;              // of JPEG
  std::string segmentation = "rle";  // of COCO
  std::vector<std::string> instance_names{},
      semantic_names{};  // by label; a missing one becomes "label 7"
};
// Without the names, which come with the data set.
Fields fields(WriteConfig& config);

struct WriteReport {
  int64_t written = 0;
  std::vector<SampleFailure> failures;
};

// <class>/000000.png. Names of classes are made safe for file systems; samples without a class are
// failures.
WriteReport write_image_folder(const Dataset& data,
                               const fs::path& folder,
                               const WriteConfig& config = {});

// images/ and annotations.json: COCO's instances with boxes, areas, categories from 1 (label + 1),
// the track as "track_id", and masks as uncompressed RLE or polygons along pixel edges (RLE where a
// mask has holes).
WriteReport write_coco(const Dataset& data, const fs::path& folder, const WriteConfig& config = {});

// images/, semantic/ (8 bits: class), instances/ (16 bits: 0 none, else a number from 1 in
// instances.csv; where masks overlap the later one is on top), instances.csv, and semantic.csv with
// the names. Needs a semantic mask or instance masks.
WriteReport write_masks(const Dataset& data,
                        const fs::path& folder,
                        const WriteConfig& config = {});

// images/, alpha/ (8 bits) and cutouts/: RGBA, the colours of the picture under its alpha.
WriteReport write_cutouts(const Dataset& data,
                          const fs::path& folder,
                          const WriteConfig& config = {});

// images/, points.csv (picture, x, y, label) and counts.csv (picture, count), which also names
// pictures without points.
WriteReport write_points(const Dataset& data,
                         const fs::path& folder,
                         const WriteConfig& config = {});

// frames/ and tracks.csv (frame, track, label, name, x0, y0, x1, y1); for instances that have a
// track.
WriteReport write_video(const Dataset& data,
                        const fs::path& folder,
                        const WriteConfig& config = {});

// The functions above by name: folder, coco, masks, cutouts, points, video.
struct WriteLayout {
  std::string name, help;
  WriteReport (*write)(const Dataset&, const fs::path&, const WriteConfig&);
};
const std::vector<WriteLayout>& write_layouts();

}  // namespace espalier
