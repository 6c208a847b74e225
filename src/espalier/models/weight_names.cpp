#include "espalier/models/weight_names.h"

#include <map>
#include <utility>

#include "espalier/tensor/stored.h"

namespace espalier {
namespace {

using Pair = std::pair<const char*, const char*>;

// Replaces the first layer's name of `text` by the row that begins with it.
template <size_t N>
std::string renamed(const std::string& text, const Pair (&rows)[N]) {
  for (const auto& [ours, theirs] : rows)
    if (text.starts_with(std::string(ours) + "."))
      return theirs + text.substr(std::string(ours).size());
  return text;
}

// EfficientNet-PyTorch counts blocks through all stages; its first block has no expansion.
Naming efficientnet_pytorch(const NamedTensors& state) {
  constexpr Pair kEnds[] = {{"conv_stem", "_conv_stem"},
                            {"bn1", "_bn0"},
                            {"conv_head", "_conv_head"},
                            {"bn2", "_bn1"},
                            {"classifier", "_fc"}};
  constexpr Pair kFirst[] = {{"conv_dw", "_depthwise_conv"},
                             {"bn1", "_bn1"},
                             {"conv_pw", "_project_conv"},
                             {"bn2", "_bn2"}};
  constexpr Pair kOthers[] = {{"conv_pw", "_expand_conv"},    {"bn1", "_bn0"},
                              {"conv_dw", "_depthwise_conv"}, {"bn2", "_bn1"},
                              {"conv_pwl", "_project_conv"},  {"bn3", "_bn2"}};
  constexpr std::string_view kBlocks = "blocks.";
  Naming naming{.whose = "EfficientNet-PyTorch", .ours = {}};
  std::map<std::string, size_t> numbers;  // of "2.1", the block's place in its stage
  for (const auto& [name, tensor] : state) {
    if (!name.starts_with(kBlocks)) {
      naming.ours[renamed(name, kEnds)] = name;
      continue;
    }
    size_t stage_end = name.find('.', kBlocks.size());
    size_t block_end = name.find('.', stage_end + 1);
    std::string block = name.substr(kBlocks.size(), block_end - kBlocks.size());
    size_t number = numbers.emplace(block, numbers.size()).first->second;
    std::string rest = name.substr(block_end + 1);
    rest = number == 0 ? renamed(rest, kFirst) : renamed(rest, kOthers);
    naming.ours["_blocks." + std::to_string(number) + "." + rest] = name;
  }
  return naming;
}

}  // namespace

std::vector<Naming> known_namings(const ImageModel& net) {
  NamedTensors state = module_state(net);
  Naming own;
  for (const auto& [name, tensor] : state) own.ours[name] = name;
  std::vector<Naming> namings = {std::move(own)};
  if (net.name.starts_with("tf_efficientnet_lite")) namings.push_back(efficientnet_pytorch(state));
  return namings;
}

}  // namespace espalier
