// espalier data ACTION: draw an orchard as ordinary files, check a data set, or show it or its augmentation
// on one sheet.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/data/augment_sheet.h"
#include "espalier/data/contact_sheet.h"
#include "espalier/data/destruct_sheet.h"
#include "espalier/data/orchard.h"
#include "espalier/data/splits.h"
#include "espalier/data/write.h"
#include "espalier/format/png.h"
#include "espalier/train/classify_recipe.h"

#include "app/actions.h"
#include "app/data_check.h"
#include "app/verbs.h"

namespace espalier {
namespace {

void report_failures(const WriteReport& report) {
  for (const SampleFailure& failure : report.failures)
    warn(fmt::format("left out {}: {}", failure.id, failure.reason));
}

int write_orchard(const Arguments& arguments) {
  std::string out = "orchard", layout = "folder";
  int64_t frames = 0;
  OrchardConfig orchard;
  WriteConfig write;
  std::vector<std::string> names;
  for (const WriteLayout& row : write_layouts()) names.push_back(row.name);
  CommandLine line("espalier data orchard [flags]",
                   "draws an orchard and writes it as ordinary files: out/train, out/val, out/test "
                   "(video: out)");
  line.add({field("out", out, "folder to write"),
            field("layout", layout, "form of the truth on disk").one_of(names),
            field("frames", frames, "length of a video; 0: 60 for layout=video").between(0, 1e6)});
  line.add(fields(orchard));
  line.add(fields(write));
  if (!line.parse(arguments)) return 0;

  write.instance_names = orchard_instance_names();
  write.semantic_names = orchard_semantic_names();
  const WriteLayout& chosen = find_named(write_layouts(), layout, "layout");
  nlohmann::ordered_json result = {{"out", out}, {"layout", layout}};
  if (layout == "video") {
    DatasetPtr video = make_orchard_video(orchard, frames > 0 ? frames : 60, 0);
    WriteReport report = chosen.write(*video, out, write);
    report_failures(report);
    result["frames"] = report.written;
  } else {
    const std::pair<const char*, OrchardSplit> splits[] = {
        {"train", OrchardSplit::train}, {"val", OrchardSplit::val}, {"test", OrchardSplit::test}};
    for (const auto& [name, split] : splits) {
      WriteReport report = chosen.write(*make_orchard(orchard, split), fs::path(out) / name, write);
      report_failures(report);
      result[name] = report.written;
    }
  }
  fmt::print("{}\n", line.common().json ? result.dump() : out);
  return 0;
}

int write_sheet(const std::string& out, const Image& sheet, const CommandLine& line) {
  write_png(out, sheet);
  fmt::print("{}\n", line.common().json ? nlohmann::json{{"sheet", out}}.dump() : out);
  return 0;
}

int draw_sheet(const Arguments& arguments) {
  std::string where, out = "sheet.png", split = "train";
  ContactSheetConfig sheet;
  CommandLine line("espalier data sheet DATA [flags]",
                   "shows samples of a data set with their truth on one picture");
  line.positional("data", where, "image folder, table of labels, IDX folder, or orchard[:...]");
  line.add({field("out", out, "PNG to write"),
            field("split", split, "which part").one_of({"train", "val", "test"})});
  line.add(fields(sheet));
  if (!line.parse(arguments)) return 0;

  Splits splits = open_splits(where, {});
  DatasetPtr data = split == "train" ? splits.train : split == "val" ? splits.val : splits.test;
  if (!data) fail(Kind::data, "{} has no {} split", where, split);
  return write_sheet(out, contact_sheet(*data, sheet), line);
}

// The side that training would choose.
int64_t preview_side(const AugmentConfig& augment, const Splits& splits) {
  ClassifyRecipe recipe;
  recipe.model = "resnet18", recipe.augment = augment;
  return input_side(recipe, splits);
}

int draw_augmented(const Arguments& arguments) {
  std::string where, out = "augment.png";
  AugmentConfig augment;
  AugmentSheetConfig sheet;
  CommandLine line("espalier data augment DATA [flags]",
                   "shows on one picture what the flags of `train` do to training images: each row "
                   "begins with the image as evaluation sees it");
  line.positional("data", where, "image folder, IDX folder, picture, or orchard[:...]");
  line.add({field("out", out, "PNG to write")});
  line.add(fields(augment));
  line.add(fields(sheet));
  if (!line.parse(arguments)) return 0;

  const Splits splits = open_splits(where, {});
  const int64_t side = preview_side(augment, splits);
  return write_sheet(out, augment_sheet(splits.train, augment, static_cast<int>(side), sheet),
                     line);
}

int draw_destroyed(const Arguments& arguments) {
  std::string where, out = "destruct.png";
  AugmentConfig view;
  DestructSheetConfig sheet;
  CommandLine line(
      "espalier data destruct DATA [flags]",
      "shows on one picture how method dcl destroys images: each row begins with the "
      "image, then come rising reaches as in the paper, then the published code's way");
  line.positional("data", where, "image folder, IDX folder, picture, or orchard[:...]");
  line.add(
      {field("out", out, "PNG to write"),
       field("size", view.size, "side of the images; 0: chosen from the data").between(0, 8192),
       field("resize", view.resize, "how an image is made square")
           .one_of({"crop", "squash", "pad"})});
  line.add(fields(sheet));
  if (!line.parse(arguments)) return 0;

  const Splits splits = open_splits(where, {});
  const int64_t side = preview_side(view, splits);
  return write_sheet(out, destruct_sheet(splits.train, view, static_cast<int>(side), sheet), line);
}

const std::vector<Action>& actions() {
  static const std::vector<Action> table = {
      {"orchard", "draw an orchard as image folders, COCO, masks, cut-outs, points or a video",
       write_orchard},
      {"check",
       "what a data set holds and what is wrong with it: broken files, copies across splits",
       run_data_check},
      {"sheet", "samples of a data set with their truth on one picture", draw_sheet},
      {"augment", "what the flags of augmentation do to some pictures, on one picture",
       draw_augmented},
      {"destruct", "how method dcl destroys some pictures, on one picture", draw_destroyed}};
  return table;
}

}  // namespace

int run_data(const Arguments& arguments) {
  return run_action("data", "ACTION", actions(), arguments);
}

}  // namespace espalier
