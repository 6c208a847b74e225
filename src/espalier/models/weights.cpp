#include "espalier/models/weights.h"

#include <algorithm>
#include <numeric>
#include <unordered_set>

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/format/torch_file.h"
#include "espalier/models/table.h"
#include "espalier/models/weight_match.h"
#include "espalier/tensor/stored.h"
#include "espalier/tensor/torch.h"
#include "espalier/tensor/without_init.h"

namespace espalier {
namespace {

using Fate = WeightLine::Fate;

constexpr const char* kFateNames[] = {"loaded", "reshaped", "head", "missing", "skipped"};

const char* name_of(Fate fate) {
  return kFateNames[static_cast<size_t>(fate)];
}

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

fs::path file_in(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "pytorch_model.bin"})
    if (fs::exists(folder / name)) return folder / name;
  fail(Kind::io, "{}: no model.safetensors or pytorch_model.bin in this folder", folder.string());
}

std::string fits_text(const std::vector<ModelFit>& fits) {
  std::vector<std::string> names;
  for (const ModelFit& fit : fits)
    names.push_back(fmt::format("{} ({} of {})", fit.model, fit.fitting, fit.wanted));
  return fmt::format("{}", fmt::join(names, ", "));
}

// Why a match is none, and what would be one.
[[noreturn]] void refuse(const ImageModel& net,
                         const WeightMatch& match,
                         const std::vector<ModelFit>& best) {
  std::vector<std::string> shown;
  for (const WeightMatch::Row& row : match.rows) {
    if (row.head || row.optional || row.change) continue;
    if (shown.size() == 3) {
      shown.push_back("...");
      break;
    }
    shown.push_back(row.stored == nullptr ? row.name
                                          : fmt::format("{} (is {}, needed {})", row.name,
                                                        shape_text(row.stored->shape),
                                                        shape_text(row.target.sizes())));
  }
  std::string why = fmt::format(
      "{} of the {} tensors that {} needs beside its last layer are there in its shapes",
      match.fitting(), match.wanted(), net.name);
  if (!shown.empty()) why += fmt::format(" (not: {})", fmt::join(shown, "; "));
  if (best.empty()) fail(Kind::usage, "{}; no model of the table has names like these", why);
  const bool another = std::none_of(best.begin(), best.end(),
                                    [&](const ModelFit& fit) { return fit.model == net.name; });
  if (another) fail(Kind::usage, "{}; of the table fits best: {}", why, fits_text(best));
  fail(Kind::usage, "{}; no other model of the table fits better", why);
}

// Few tensors of a larger sibling fit a smaller net wholly; then something else explains more.
void check_family(const ImageModel& net, const WeightMatch& match, const WeightFile& file) {
  const bool whole = match.fitting() == match.wanted();
  if (whole && match.leftover.empty()) return;
  std::vector<ModelFit> best = best_fits(file.tensors);
  const bool explains_more = !best.empty() && best.front().fitting == best.front().wanted &&
                             best.front().fitting > match.fitting();
  if (!whole || explains_more) refuse(net, match, best);
}

// Whether the file says that its last layer tells other classes apart than these.
bool of_other_classes(const WeightFile& file, const std::vector<std::string>& classes) {
  if (!file.config || classes.empty()) return false;
  const std::vector<std::string>& theirs = file.config->meta.class_names;
  return !theirs.empty() && theirs != classes;
}

WeightLine line_of(const WeightMatch::Row& row) {
  WeightLine line{.fate = Fate::loaded, .ours = row.name, .theirs = "", .shape = {}, .note = ""};
  line.shape = row.stored ? row.stored->shape : row.target.sizes().vec();
  if (row.stored) line.theirs = row.stored->name;
  if (row.change) {
    line.note = *row.change;
    if (!line.note.empty()) line.fate = Fate::reshaped;
  } else {
    line.fate = row.head ? Fate::head : Fate::missing;
    if (row.stored) line.note = "needed " + shape_text(row.target.sizes());
  }
  return line;
}

at::Tensor finite(const StoredTensor& stored) {
  at::Tensor value = to_tensor(stored);
  check_finite(stored.name, value);
  return value;
}

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

InputView view_of(const WeightFile& file, const ImageModel& net) {
  InputView view = published_view(net.name);
  if (file.config) {
    const ModelMeta& meta = file.config->meta;
    view = {.mean = meta.mean,
            .std = meta.std,
            .crop_share = meta.crop_share,
            .resize = meta.resize,
            .source = "its configuration"};
  }
  const int64_t channels = net.arguments.at("in_channels");
  if (channels == 1 && view.mean.size() > 1) {
    view.mean = {mean_of(view.mean)};
    view.std = {mean_of(view.std)};
  }
  return view;
}

// Of the last layer as it stands in the file.
int64_t classes_in(const WeightFile& file, const ModelRow& row) {
  WithoutInit scope;
  ImageModelPtr net = row.make(nlohmann::json::object());
  WeightMatch match = match_weights(*net, file.tensors);
  check_family(*net, match, file);
  for (const WeightMatch::Row& tensor : match.rows)
    if (tensor.head && tensor.stored && !tensor.stored->shape.empty())
      return tensor.stored->shape[0];
  fail(Kind::usage,
       "the last layer of {} is not in the file; it can only begin a training: --weights",
       row.name);
}

}  // namespace

WeightFile WeightFile::open(const fs::path& given) {
  WeightFile file;
  file.path = fs::is_directory(given) ? file_in(given) : given;
  std::string bytes = read_file(file.path, uint64_t{1} << 40);
  const std::string place = file.path.string();
  if (TorchFile::is_torch_file(bytes)) {
    auto torch = std::make_shared<TorchFile>(TorchFile::parse(std::move(bytes), place));
    file.form = torch->legacy() ? "PyTorch, legacy form" : "PyTorch";
    file.tensors = torch->tensors();
    file.memory = torch;
    if (fs::is_directory(given)) file.config = config_of_folder(given);
  } else if (file.path.extension() == ".safetensors") {
    auto safe = std::make_shared<Safetensors>(Safetensors::parse(std::move(bytes), place));
    file.form = "safetensors";
    file.tensors = safe->tensors();
    file.config = stored_config(*safe, file.path);
    file.memory = safe;
  } else {
    fail(Kind::format,
         "reading {}: neither a file of torch.save nor .safetensors: weights come as .pth, .pt, "
         ".th, .safetensors, "
         "or a folder that holds model.safetensors",
         place);
  }
  if (file.tensors.empty()) fail(Kind::format, "reading {}: there is no tensor in it", place);
  return file;
}

int64_t WeightReport::count(Fate fate) const {
  return std::count_if(lines.begin(), lines.end(),
                       [&](const WeightLine& line) { return line.fate == fate; });
}

std::string WeightReport::summary() const {
  std::string text = fmt::format("weights: {} ({}{}): {} tensors loaded", file, form,
                                 naming.empty() ? "" : ", names of " + naming,
                                 count(Fate::loaded) + count(Fate::reshaped));
  if (int64_t reshaped = count(Fate::reshaped))
    text += fmt::format(", {} of them reshaped", reshaped);
  if (count(Fate::head) > 0) text += ", the last layer left as initialised";
  for (Fate fate : {Fate::missing, Fate::skipped})
    if (int64_t number = count(fate)) text += fmt::format(", {} {}", number, name_of(fate));
  return text;
}

std::string WeightReport::table() const {
  std::string text;
  for (const WeightLine& line : lines) {
    std::string names = line.ours;
    if (names.empty())
      names = line.theirs;
    else if (!line.theirs.empty() && line.theirs != line.ours)
      names += " <- " + line.theirs;
    text += fmt::format("{:<8}  {}  {}{}\n", name_of(line.fate), names, shape_text(line.shape),
                        line.note.empty() ? "" : "  " + line.note);
  }
  return text;
}

nlohmann::ordered_json to_json(const WeightReport& report) {
  nlohmann::ordered_json json = {{"file", report.file},
                                 {"form", report.form},
                                 {"names", report.naming.empty() ? "ours" : report.naming},
                                 {"prefix", report.prefix}};
  for (Fate fate : {Fate::loaded, Fate::reshaped, Fate::head, Fate::missing, Fate::skipped})
    json[name_of(fate)] = report.count(fate);
  json["mean"] = report.view.mean;
  json["std"] = report.view.std;
  json["lines"] = nlohmann::ordered_json::array();
  for (const WeightLine& line : report.lines) {
    nlohmann::ordered_json row = {{"fate", name_of(line.fate)}};
    if (!line.ours.empty()) row["name"] = line.ours;
    if (!line.theirs.empty() && line.theirs != line.ours) row["file_name"] = line.theirs;
    row["shape"] = line.shape;
    if (!line.note.empty()) row["note"] = line.note;
    json["lines"].push_back(row);
  }
  return json;
}

WeightReport load_weights(ImageModel& net,
                          const WeightFile& file,
                          const std::vector<std::string>& classes) {
  torch::NoGradGuard no_grad;
  return with_context("weights " + file.path.string(), [&] {
    WeightMatch match = match_weights(net, file.tensors);
    check_family(net, match, file);
    const bool other_classes = of_other_classes(file, classes);
    WeightReport report{.file = file.path.string(),
                        .form = file.form,
                        .naming = match.naming,
                        .prefix = match.prefix,
                        .lines = {},
                        .view = view_of(file, net)};
    std::vector<std::pair<at::Tensor, at::Tensor>> copies;  // all read before the first is written
    std::unordered_set<const StoredTensor*> used;
    for (WeightMatch::Row& row : match.rows) {
      if (row.stored) used.insert(row.stored);
      if (!row.stored && row.optional) continue;
      if (row.head && other_classes) row.change.reset();
      report.lines.push_back(line_of(row));
      if (row.head && other_classes) report.lines.back().note = "for classes of other names";
      if (row.change) copies.emplace_back(row.target, changed(finite(*row.stored), row));
    }
    for (const StoredTensor& tensor : file.tensors)
      if (used.count(&tensor) == 0)
        report.lines.push_back({Fate::skipped, "", tensor.name, tensor.shape, ""});
    for (auto& [target, value] : copies) target.copy_(value);
    return report;
  });
}

std::vector<std::string> fitting_models(const WeightFile& file) {
  if (file.config)
    for (const ModelRow& row : model_table())
      if (row.name == file.config->architecture) return {row.name};
  std::vector<std::string> names;
  for (const ModelFit& fit : best_fits(file.tensors))
    if (fit.fitting == fit.wanted) names.push_back(fit.model);
  return names;
}

WholeModel whole_model(const WeightFile& file, const std::string& model) {
  WholeModel whole;
  if (file.config && file.config->ours && file.config->architecture == model) {
    whole.loaded = load_model(file.path);
    whole.report = load_weights(*whole.loaded.net, file);
    return whole;
  }
  const ModelRow& row = find_named(model_table(), model, "model");
  const int64_t classes =
      with_context("weights " + file.path.string(), [&] { return classes_in(file, row); });
  whole.loaded.net = make_model(model, {{"classes", classes}});
  whole.report = load_weights(*whole.loaded.net, file);
  whole.loaded.net->eval();
  const InputView& view = whole.report.view;
  ModelMeta& meta = whole.loaded.meta;
  if (file.config) meta = file.config->meta;
  if (static_cast<int64_t>(meta.class_names.size()) != classes) meta.class_names.clear();
  meta.mean = view.mean;
  meta.std = view.std;
  meta.resize = view.resize;
  meta.crop_share = view.crop_share;
  if (!file.config) meta.input_size = row.input_size;
  return whole;
}

}  // namespace espalier
