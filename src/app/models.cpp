// espalier models: the table of names, with parameters and multiply-adds.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "espalier/deploy/cost.h"
#include "espalier/models/table.h"
#include "espalier/tensor/torch.h"

#include "app/verbs.h"

namespace espalier {

int run_models(const Arguments& arguments) {
  CommandLine line("espalier models",
                   "lists the models with parameters and multiply-adds of one image");
  int64_t size = 0, classes = 0;
  line.add({field("size", size, "side of the image in pixels; 0: the size of the published figures")
                .between(0, 4096),
            field("classes", classes, "0: as published").between(0, 1e6)});
  if (!line.parse(arguments)) return 0;
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (!line.common().json)
    fmt::print("{:<22} {:>6} {:>14} {:>10}  {}\n", "model", "px", "parameters", "MACs", "what");
  for (const ModelRow& row : model_table()) {
    Cost cost{.parameters = row.parameters, .macs = row.macs};
    int64_t side = size > 0 ? size : row.input_size;
    if (classes > 0 || side != row.input_size) {
      nlohmann::json overrides = nlohmann::json::object();
      if (classes > 0) overrides["classes"] = classes;
      cost = count_cost(*make_model(row.name, overrides), 3, side, side);
    }
    rows.push_back(
        {{"name", row.name}, {"size", side}, {"parameters", cost.parameters}, {"macs", cost.macs}});
    if (!line.common().json)
      fmt::print("{:<22} {:>6} {:>14} {:>8.3f} G  {}\n", row.name, side, cost.parameters,
                 static_cast<double>(cost.macs) / 1e9, row.help);
  }
  if (line.common().json) fmt::print("{}\n", nlohmann::ordered_json{{"models", rows}}.dump());
  return 0;
}

}  // namespace espalier
