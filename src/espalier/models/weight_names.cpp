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

// `name` with each row's first text, where it occurs, replaced by the second.
template <size_t N>
std::string rewritten(std::string name, const Pair (&rows)[N]) {
  for (const auto& [ours, theirs] : rows)
    if (const size_t at = name.find(ours); at != std::string::npos)
      name.replace(at, std::string_view(ours).size(), theirs);
  return name;
}

std::string timms_convnext(const std::string& name) {
  constexpr Pair kRows[] = {
      {"features.0.", "stem."},
      {"features.1.", "stages.0.blocks."},
      {"features.2.", "stages.1.downsample."},
      {"features.3.", "stages.1.blocks."},
      {"features.4.", "stages.2.downsample."},
      {"features.5.", "stages.2.blocks."},
      {"features.6.", "stages.3.downsample."},
      {"features.7.", "stages.3.blocks."},
      {".layer_scale", ".gamma"},
      {".block.0.", ".conv_dw."},
      {".block.2.", ".norm."},
      {".block.3.", ".mlp.fc1."},
      {".block.5.", ".mlp.fc2."},
      {"classifier.0.", "head.norm."},
      {"classifier.2.", "head.fc."},
  };
  return rewritten(name, kRows);
}

// trunk_output.block2.block2-0 is timm's s2.b1.
std::string timms_regnet(const std::string& name) {
  constexpr Pair kEnds[] = {{"stem.0", "stem.conv"}, {"stem.1", "stem.bn"}, {"fc", "head.fc"}};
  constexpr Pair kRows[] = {{".proj.0.", ".downsample.conv."},
                            {".proj.1.", ".downsample.bn."},
                            {".f.a.0.", ".conv1.conv."},
                            {".f.a.1.", ".conv1.bn."},
                            {".f.b.0.", ".conv2.conv."},
                            {".f.b.1.", ".conv2.bn."},
                            {".f.se.", ".se."},
                            {".f.c.0.", ".conv3.conv."},
                            {".f.c.1.", ".conv3.bn."}};
  constexpr std::string_view kBlocks = "trunk_output.block";
  if (!name.starts_with(kBlocks)) return renamed(name, kEnds);
  const size_t dash = name.find('-'), rest = name.find('.', dash);
  const int place = std::stoi(name.substr(dash + 1, rest - dash - 1)) + 1;
  return rewritten(
      "s" + name.substr(kBlocks.size(), 1) + ".b" + std::to_string(place) + name.substr(rest),
      kRows);
}

// features.1 to features.17 are the blocks of seven stages.
std::string timms_mobilenet_v2(const std::string& name) {
  constexpr int kRepeats[] = {1, 2, 3, 4, 3, 3, 1};
  constexpr Pair kEnds[] = {{"features.0.0", "conv_stem"},
                            {"features.0.1", "bn1"},
                            {"features.18.0", "conv_head"},
                            {"features.18.1", "bn2"},
                            {"classifier.1", "classifier"}};
  constexpr Pair kFirst[] = {
      {"conv.0.0", "conv_dw"}, {"conv.0.1", "bn1"}, {"conv.1", "conv_pw"}, {"conv.2", "bn2"}};
  constexpr Pair kOthers[] = {{"conv.0.0", "conv_pw"}, {"conv.0.1", "bn1"},
                              {"conv.1.0", "conv_dw"}, {"conv.1.1", "bn2"},
                              {"conv.2", "conv_pwl"},  {"conv.3", "bn3"}};
  const size_t block_end = name.find(".conv.");
  if (block_end == std::string::npos) return renamed(name, kEnds);
  const int number = std::stoi(name.substr(std::string_view("features.").size(), block_end)) - 1;
  int stage = 0, place = number;
  while (place >= kRepeats[stage]) place -= kRepeats[stage++];
  const std::string rest = name.substr(block_end + 1);
  return "blocks." + std::to_string(stage) + "." + std::to_string(place) + "." +
         (number == 0 ? renamed(rest, kFirst) : renamed(rest, kOthers));
}

struct TimmNames {
  const char* model;  // or what its name begins with
  std::string (*theirs)(const std::string&);
};
constexpr TimmNames kTimm[] = {{"convnext_", timms_convnext},
                               {"regnet_y_", timms_regnet},
                               {"mobilenet_v2", timms_mobilenet_v2}};

}  // namespace

std::vector<Naming> known_namings(const ImageModel& net) {
  NamedTensors state = module_state(net);
  Naming own;
  for (const auto& [name, tensor] : state) own.ours[name] = name;
  std::vector<Naming> namings = {std::move(own)};
  if (net.name.starts_with("tf_efficientnet_lite")) namings.push_back(efficientnet_pytorch(state));
  for (const auto& [model, theirs] : kTimm) {
    if (!net.name.starts_with(model)) continue;
    namings.push_back({.whose = "timm", .ours = {}});
    for (const auto& [name, tensor] : state) namings.back().ours[theirs(name)] = name;
  }
  return namings;
}

}  // namespace espalier
