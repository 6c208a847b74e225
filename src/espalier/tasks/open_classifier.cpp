#include "espalier/tasks/open_classifier.h"

#include "espalier/core/error.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

// A network read from ONNX in the place of a module.
class GraphModel : public ImageModel {
 public:
  GraphModel(Graph graph, const NetworkConfig& config) : network_(std::move(graph), config) {}
  at::Tensor forward(const at::Tensor& images) override { return network_.run(images); }
  std::vector<at::Tensor> features(const at::Tensor&) override { return {}; }

 private:
  Network network_;
};

}  // namespace

std::map<std::string, std::string> onnx_metadata(const ModelMeta& meta) {
  return {{"task", meta.task},
          {"class_names", nlohmann::json(meta.class_names).dump()},
          {"mean", nlohmann::json(meta.mean).dump()},
          {"std", nlohmann::json(meta.std).dump()},
          {"input_size", std::to_string(meta.input_size)},
          {"resize", meta.resize}};
}

ModelMeta meta_from_onnx(const std::map<std::string, std::string>& metadata) {
  ModelMeta meta;
  for (const char* key : {"task", "class_names", "mean", "std", "input_size", "resize"}) {
    auto found = metadata.find(key);
    if (found == metadata.end())
      fail(Kind::unsupported,
           "its metadata has no '{}': only files exported by espalier say how to prepare images",
           key);
    std::string name = key;
    try {
      if (name == "task")
        meta.task = found->second;
      else if (name == "resize")
        meta.resize = found->second;
      else if (name == "input_size")
        meta.input_size = nlohmann::json::parse(found->second).get<int64_t>();
      else if (name == "class_names")
        meta.class_names = nlohmann::json::parse(found->second).get<std::vector<std::string>>();
      else
        (name == "mean" ? meta.mean : meta.std) =
            nlohmann::json::parse(found->second).get<std::vector<double>>();
    } catch (const nlohmann::json::exception&) {
      fail(Kind::format, "its metadata '{}' is not of the expected form", name);
    }
  }
  if (meta.input_size < 1 || meta.input_size > 1 << 14)
    fail(Kind::format, "its metadata 'input_size' is not a side in pixels");
  if (meta.mean.empty() || meta.mean.size() != meta.std.size())
    fail(Kind::format, "its metadata 'mean' and 'std' do not fit");
  return meta;
}

std::unique_ptr<ClassifyTask> open_classifier(const fs::path& path, const NetworkConfig& config) {
  if (path.extension() != ".onnx") {
    LoadedModel loaded = load_model(path, "classify");
    return std::make_unique<ClassifyTask>(loaded.net, loaded.meta, ClassifyConfig{});
  }
  return with_context("reading " + path.string(), [&] {
    Graph graph = read_onnx(path);
    ModelMeta meta = meta_from_onnx(graph.metadata);
    if (meta.task != "classify")
      fail(Kind::usage, "this model is for {}, not for classify", meta.task);
    return std::make_unique<ClassifyTask>(std::make_shared<GraphModel>(std::move(graph), config),
                                          meta, ClassifyConfig{});
  });
}

}  // namespace espalier
