#include "espalier/deploy/export.h"

#include <algorithm>

#include <unistd.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/onnx_write.h"
#include "espalier/deploy/quiet_model.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/deploy/trace.h"
#include "espalier/models/model.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr double kTolerance = 1e-4;

// Normal numbers as normalised pictures have them; of our own stream, so that the process's
// generator stays untouched.
at::Tensor random_images(const Shape& shape) {
  at::Tensor images = at::empty(shape, at::kFloat);
  Random random = Random(1).stream("export").stream(static_cast<uint64_t>(shape[0]));
  float* values = images.mutable_data_ptr<float>();
  for (int64_t i = 0; i < images.numel(); ++i) values[i] = static_cast<float>(random.normal());
  return images;
}

void compare(ImageModel& model,
             const GraphRunner& runner,
             const at::Tensor& images,
             ExportReport& report) {
  at::Tensor wanted = model.forward(images), given = runner.run(images);
  if (!at::isfinite(wanted).all().item<bool>())
    fail(Kind::data, "the model's own logits are not finite numbers; its weights are broken");
  if (wanted.sizes() != given.sizes())
    fail(Kind::internal, "the exported file's logits have another shape");
  report.max_abs_diff = std::max(report.max_abs_diff, (wanted - given).abs().max().item<double>());
  report.logit_scale = std::max(report.logit_scale, wanted.abs().max().item<double>());
}

}  // namespace

ExportReport export_onnx(ImageModel& model,
                         const std::map<std::string, std::string>& metadata,
                         int64_t channels,
                         int64_t height,
                         int64_t width,
                         const fs::path& path) {
  ExportReport report;
  Graph graph = trace(model, random_images({2, channels, height, width}));
  report.fold = fold_norms(graph);
  report.nodes = static_cast<int64_t>(graph.nodes.size());
  graph.metadata = metadata;
  graph.metadata.emplace("model", model.name);

  fs::path unproven = path;
  unproven += fmt::format(".unproven{}", ::getpid());
  struct Remover {
    const fs::path& file;
    ~Remover() {
      std::error_code ignored;
      fs::remove(file, ignored);
    }
  } remover{unproven};
  write_onnx(graph, unproven);
  report.bytes = static_cast<int64_t>(fs::file_size(unproven));
  GraphRunner runner(read_onnx(unproven));
  QuietModel quiet(model);
  for (int64_t batch : {1, 3})
    compare(model, runner, random_images({batch, channels, height, width}), report);
  double tolerance = kTolerance * std::max(1.0, report.logit_scale);
  if (!(report.max_abs_diff <= tolerance))
    fail(Kind::internal,
         "the exported network differs from the model by {:.2e} (allowed: {:.2e}); no file was "
         "written",
         report.max_abs_diff, tolerance);
  std::error_code status;
  fs::rename(unproven, path, status);
  if (status) fail(Kind::io, "cannot rename to {}: {}", path.string(), status.message());
  return report;
}

}  // namespace espalier
