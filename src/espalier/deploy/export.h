// A model as an ONNX file with proof: traced, folded, written, read back from the disk, run,
// compared.
//
//   ExportReport report = export_onnx(*model, {{"task", "classify"}}, 3, 224, 224, "model.onnx");
//   say(fmt::format("largest difference {:.1e}", report.max_abs_diff));
#pragma once

#include "espalier/core/files.h"
#include "espalier/deploy/fold.h"

namespace espalier {

class ImageModel;

struct ExportReport {
  double max_abs_diff = 0;  // of the logits, over batches of 1 and 3 random pictures
  double logit_scale = 0;   // the largest logit's size
  int64_t nodes = 0, bytes = 0;
  FoldReport fold;
};

// `metadata` goes into the file's string map as it is, and "model" (the model's name) with it. The
// file appears only when its numbers agree to 1e-4 of the logits' scale with the module's in fp32;
// else Error(internal), and a file that was there before stays. Throws as trace and write_onnx;
// Error(data) for weights that give NaN.
ExportReport export_onnx(ImageModel& model,
                         const std::map<std::string, std::string>& metadata,
                         int64_t channels,
                         int64_t height,
                         int64_t width,
                         const fs::path& path);

}  // namespace espalier
