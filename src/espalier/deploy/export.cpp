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

// Writes the graph beside `path`, lets `prove` look at what a reader gets of it, and moves it there.
int64_t write_proven(const Graph& graph,
                     const fs::path& path,
                     const std::function<void(Graph read)>& prove) {
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
  auto bytes = static_cast<int64_t>(fs::file_size(unproven));
  prove(read_onnx(unproven));
  std::error_code status;
  fs::rename(unproven, path, status);
  if (status) fail(Kind::io, "cannot rename to {}: {}", path.string(), status.message());
  return bytes;
}

}  // namespace

Graph folded_graph(ImageModel& model,
                   const std::map<std::string, std::string>& metadata,
                   const Shape& images,
                   FoldReport* fold) {
  Shape two = images;
  two.at(0) = 2;
  Graph graph = trace(model, random_images(two));
  FoldReport report = fold_norms(graph);
  if (fold) *fold = std::move(report);
  graph.metadata = metadata;
  graph.metadata.emplace("model", model.name);
  return graph;
}

ExportReport export_onnx(ImageModel& model,
                         const std::map<std::string, std::string>& metadata,
                         int64_t channels,
                         int64_t height,
                         int64_t width,
                         const fs::path& path) {
  ExportReport report;
  Graph graph = folded_graph(model, metadata, {1, channels, height, width}, &report.fold);
  report.nodes = static_cast<int64_t>(graph.nodes.size());
  report.bytes = write_proven(graph, path, [&](Graph read) {
    GraphRunner runner(std::move(read));
    QuietModel quiet(model);
    for (int64_t batch : {1, 3})
      compare(model, runner, random_images({batch, channels, height, width}), report);
    double tolerance = kTolerance * std::max(1.0, report.logit_scale);
    if (!(report.max_abs_diff <= tolerance))
      fail(Kind::internal,
           "the exported network differs from the model by {:.2e} (allowed: {:.2e}); no file was "
           "written",
           report.max_abs_diff, tolerance);
  });
  return report;
}

Int8Report export_int8(const Graph& folded,
                       const ImageSource& images,
                       const QuantiseConfig& config,
                       const fs::path& path) {
  Int8Report report;
  at::Tensor shown;  // the first pictures, which both networks look at
  Ranges ranges = measure_ranges(
      folded,
      [&] {
        std::optional<at::Tensor> next = images();
        if (next && !shown.defined()) shown = *next;
        return next;
      },
      config.percentile);
  at::Tensor wanted = GraphRunner(folded).run(shown);
  Graph graph = folded;
  report.quantised = quantise(graph, ranges, config);
  at::Tensor planned = GraphRunner(graph).run(shown);
  report.bytes = write_proven(graph, path, [&](Graph read) {
    at::Tensor given = GraphRunner(std::move(read)).run(shown);
    double scale = std::max(1.0, wanted.abs().max().item<double>());
    double lost = (planned - given).abs().max().item<double>() / scale;
    if (!(lost <= kTolerance))
      fail(Kind::internal,
           "the file gives answers that differ by {:.2e} from what was quantised; it was not "
           "written",
           lost);
    report.difference = (given - wanted).abs().mean().item<double>() / scale;
    report.same_answers =
        given.argmax(1).eq(wanted.argmax(1)).to(at::kDouble).mean().item<double>();
  });
  return report;
}

}  // namespace espalier
