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
          {"resize", meta.resize},
          {"crop_share", nlohmann::json(meta.crop_share).dump()}};
}

ModelMeta meta_from_onnx(const std::map<std::string, std::string>& metadata) {
  auto text = [&](const char* key) -> const std::string& {
    auto found = metadata.find(key);
    if (found == metadata.end())
      fail(Kind::unsupported,
           "its metadata has no '{}': only files exported by espalier say how to prepare images",
           key);
    return found->second;
  };
  auto read = [&](const char* key, auto& value) {
    try {
      nlohmann::json::parse(text(key)).get_to(value);
    } catch (const nlohmann::json::exception&) {
      fail(Kind::format, "its metadata '{}' is not of the expected form", key);
    }
  };
  ModelMeta meta;
  meta.task = text("task");
  meta.resize = text("resize");
  read("class_names", meta.class_names);
  read("mean", meta.mean);
  read("std", meta.std);
  read("input_size", meta.input_size);
  // Files of the first version have no such entry.
  if (metadata.count("crop_share")) read("crop_share", meta.crop_share);
  with_context("its metadata", [&] {
    check_meta(meta, static_cast<int64_t>(meta.class_names.size()),
               static_cast<int64_t>(meta.mean.size()));
  });
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
