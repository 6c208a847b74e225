// A model as an ONNX file with proof: traced, folded, written, read back from the disk, run,
// compared.
//
//   ExportReport report = export_onnx(*model, {{"task", "classify"}}, 3, 224, 224, "model.onnx");
//   say(fmt::format("largest difference {:.1e}", report.max_abs_diff));
#pragma once

#include "espalier/core/files.h"
#include "espalier/deploy/fold.h"
#include "espalier/deploy/quantise.h"

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

// The traced graph with its norms folded, as files hold it. `images`: of one picture.
Graph folded_graph(ImageModel& model,
                   const std::map<std::string, std::string>& metadata,
                   const Shape& images,
                   FoldReport* fold = nullptr);

struct Int8Report {
  QuantiseReport quantised;
  double difference = 0;    // mean over the first pictures' logits, of the largest float one
  double same_answers = 0;  // share of these pictures with the same first answer
  int64_t bytes = 0;
};

// The same network in eight bits (deploy/quantise.h), its ranges measured on `images`. The file appears
// only when what is read back from it gives the answers of the quantised graph; else Error(internal). Throws
// as measure_ranges and quantise.
Int8Report export_int8(const Graph& folded,
                       const ImageSource& images,
                       const QuantiseConfig& config,
                       const fs::path& path);

}  // namespace espalier
