#include "espalier/train/checkpoint.h"

#include "espalier/core/error.h"
#include "espalier/format/safetensors.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

constexpr const char* kState = "espalier_state";

nlohmann::json parse_state(const Safetensors& file, const fs::path& path) {
  auto found = file.metadata().find(kState);
  if (found == file.metadata().end() || !file.metadata().count("crc32"))
    fail(Kind::format, "{} is not a checkpoint of ours", path.string());
  try {
    return nlohmann::json::parse(found->second);
  } catch (const nlohmann::json::exception&) {
    fail(Kind::format, "{}: its state is not readable JSON", path.string());
  }
}

}  // namespace

void write_checkpoint(const fs::path& path,
                      const NamedTensors& tensors,
                      const nlohmann::json& state) {
  save_tensors(path, tensors, {{kState, state.dump()}});
}

nlohmann::json read_checkpoint(const fs::path& path, const NamedTensors& tensors) {
  Safetensors file = Safetensors::read(path);
  nlohmann::json state = parse_state(file, path);
  return with_context("resuming from " + path.string(), [&] {
    // Twice through, one at a time: all of them beside the file would be the largest thing in
    // memory.
    for (const auto& [name, tensor] : tensors) {
      const StoredTensor* stored = file.find(name);
      if (!stored) fail(Kind::format, "the tensor '{}' is missing", name);
      at::Tensor value = to_tensor(*stored);
      if (value.sizes() != tensor.sizes() || value.scalar_type() != tensor.scalar_type())
        fail(Kind::format,
             "the tensor '{}' has another shape or type than this configuration makes", name);
    }
    if (file.tensors().size() != tensors.size())
      fail(Kind::format, "it holds {} tensors, this configuration has {}", file.tensors().size(),
           tensors.size());
    torch::NoGradGuard guard;
    for (auto& [name, target] : tensors) target.detach().copy_(to_tensor(*file.find(name)));
    return state;
  });
}

nlohmann::json read_checkpoint_state(const fs::path& path) {
  return parse_state(Safetensors::read(path), path);
}

}  // namespace espalier
