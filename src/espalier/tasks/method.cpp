#include "espalier/tasks/method.h"

#include <fmt/ranges.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

using TaskPtr = std::unique_ptr<ClassifyTask>;

struct Method {
  std::string name, help;
  void (*resolve)(MethodConfig&, ImageModel&, int64_t channels, int64_t side);
  int64_t (*copies)(const MethodConfig&);
  BatchTransform (*transform)(const MethodConfig&, BatchTransform);
  TaskPtr (*make)(const MethodConfig&,
                  const ImageModelPtr&,
                  const ModelMeta&,
                  const ClassifyConfig&);
  std::string (*describe)(const MethodConfig&);
};

std::string describe_dcl(const MethodConfig& config) {
  const DclConfig& dcl = config.dcl;
  const bool compat = dcl.variant == "compat";
  auto head = [](double weight, const std::string& form) {
    return weight > 0 ? fmt::format("{:g} ({})", weight, form) : std::string("0");
  };
  return fmt::format("dcl as in {} ({}), {} x {} cells{}, alpha {:g}, beta {}, gamma {}",
                     compat ? "its published code" : "the paper", dcl.variant, dcl.grid, dcl.grid,
                     compat ? "" : fmt::format(", reach {:g}", dcl.reach), dcl.alpha,
                     head(dcl.beta, dcl.adversary), head(dcl.gamma, dcl.location));
}

const std::vector<Method>& methods() {
  static const std::vector<Method> table = {
      {.name = "plain",
       .help = "",
       .resolve = [](MethodConfig&, ImageModel&, int64_t, int64_t) {},
       .copies = [](const MethodConfig&) { return int64_t{1}; },
       .transform = [](const MethodConfig&, BatchTransform first) { return first; },
       .make = [](const MethodConfig&, const ImageModelPtr& model, const ModelMeta& meta,
                  const ClassifyConfig& task) -> TaskPtr {
         return std::make_unique<ClassifyTask>(model, meta, task);
       },
       .describe = [](const MethodConfig&) { return std::string("plain"); }},
      {.name = "dcl",
       .help = "destruction and construction learning, half of each batch are destroyed copies",
       .resolve = [](MethodConfig& config, ImageModel& model, int64_t channels,
                     int64_t side) { config.dcl = resolve_dcl(config.dcl, model, channels, side); },
       .copies = [](const MethodConfig&) { return int64_t{2}; },
       .transform =
           [](const MethodConfig& config, BatchTransform first) {
             return destruct_batches(destruct_config(config.dcl), std::move(first));
           },
       .make = [](const MethodConfig& config, const ImageModelPtr& model, const ModelMeta& meta,
                  const ClassifyConfig& task) -> TaskPtr {
         return std::make_unique<DclTask>(model, meta, task, config.dcl);
       },
       .describe = describe_dcl},
      {.name = "pmg",
       .help = "progressive multi-granularity training, three quarters are jigsaws",
       .resolve = [](MethodConfig& config, ImageModel&, int64_t,
                     int64_t side) { config.pmg = resolve_pmg(config.pmg, side); },
       .copies =
           [](const MethodConfig& config) {
             return 1 + static_cast<int64_t>(config.pmg.grids.size());
           },
       .transform =
           [](const MethodConfig& config, BatchTransform first) {
             return jigsaw_batches(config.pmg.grids, std::move(first));
           },
       .make = [](const MethodConfig& config, const ImageModelPtr& model, const ModelMeta& meta,
                  const ClassifyConfig& task) -> TaskPtr {
         return std::make_unique<PmgTask>(model, meta, task, config.pmg);
       },
       .describe =
           [](const MethodConfig& config) {
             return fmt::format("pmg, jigsaws of {} cells a side, heads of width {}",
                                fmt::join(config.pmg.grids, ", "), config.pmg.width);
           }},
  };
  return table;
}

const Method& row_of(const MethodConfig& config) {
  return find_named(methods(), config.name, "method");
}

}  // namespace

Fields fields(MethodConfig& config) {
  std::vector<std::string> names, others;
  for (const Method& method : methods()) {
    names.push_back(method.name);
    if (!method.help.empty()) others.push_back(fmt::format("{} ({})", method.name, method.help));
  }
  Fields all = {field("method", config.name,
                      fmt::format("plain, or for classes that differ in a detail {}",
                                  fmt::join(others, " or ")))
                    .one_of(names)};
  all = join(std::move(all), fields(config.dcl));
  return join(std::move(all), fields(config.pmg));
}

MethodConfig resolve_method(MethodConfig config,
                            ImageModel& model,
                            int64_t channels,
                            int64_t side) {
  row_of(config).resolve(config, model, channels, side);
  return config;
}

int64_t copies(const MethodConfig& config) {
  return row_of(config).copies(config);
}

BatchTransform batch_transform(const MethodConfig& config, BatchTransform first) {
  return row_of(config).transform(config, std::move(first));
}

TaskPtr make_task(const MethodConfig& config,
                  const ImageModelPtr& model,
                  const ModelMeta& meta,
                  const ClassifyConfig& task) {
  return row_of(config).make(config, model, meta, task);
}

std::string description(const MethodConfig& config) {
  return row_of(config).describe(config);
}

}  // namespace espalier
