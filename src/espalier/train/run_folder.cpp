#include "espalier/train/run_folder.h"

#include <fstream>
#include <optional>

#include <nlohmann/json.hpp>

#include "espalier/core/durable.h"
#include "espalier/core/error.h"
#include "espalier/core/folder_lock.h"
#include "espalier/core/progress.h"
#include "espalier/format/tfevents.h"

namespace espalier {

struct RunFolder::State {
  explicit State(const fs::path& folder) : path(folder), lock(folder) {
    remove_abandoned_parts(folder);
    remove_abandoned_parts(folder / "last");
  }

  fs::path path;
  FolderLock lock;
  std::ofstream log;
  std::optional<EventFile> events;

  fs::path log_path() const { return path / "metrics.jsonl"; }
  void open_log() {
    log.open(log_path(), std::ios::binary | std::ios::app);
    if (!log) fail(Kind::io, "cannot write {}", log_path().string());
  }
};

namespace {

// What a run writes; with --force these and nothing else are removed.
constexpr const char* kConfig = "config.toml";
constexpr const char* kCheckpoint = "last.ckpt";
const char* const kResults[] = {"config.json",   "model.safetensors", kCheckpoint,
                                "metrics.jsonl", "summary.json",      "weights.json",
                                "probe.json",    "report.html",       "model.onnx",
                                "export.json",   "prune.json",        "last",
                                "swa",           "model-int8.onnx",   "export-int8.json"};

void remove_results(const fs::path& path) {
  for (const char* name : kResults) fs::remove_all(path / name);
  for (const auto& entry : fs::directory_iterator(path)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with("events.out.tfevents.") || name.starts_with("eval-"))
      fs::remove_all(entry.path());
  }
}

using Scalars = std::vector<std::pair<std::string, double>>;

// Numbers of one line as TensorBoard scalars: "loss", "scores/accuracy".
void collect_numbers(const nlohmann::ordered_json& value,
                     const std::string& prefix,
                     Scalars& scalars) {
  for (const auto& [key, item] : value.items()) {
    if (key == "step" || key == "epoch") continue;
    if (item.is_number())
      scalars.emplace_back(prefix + key, item.get<double>());
    else if (item.is_object() && item.contains("value"))
      scalars.emplace_back(prefix + key, item["value"].get<double>());
    else if (item.is_object())
      collect_numbers(item, prefix + key + "/", scalars);
  }
}

}  // namespace

RunFolder::RunFolder(std::unique_ptr<State> state) : state_(std::move(state)) {}
RunFolder::~RunFolder() = default;
RunFolder::RunFolder(RunFolder&&) noexcept = default;
RunFolder& RunFolder::operator=(RunFolder&&) noexcept = default;

RunFolder RunFolder::create(const fs::path& path, bool force) {
  if (fs::exists(path) && !fs::is_directory(path))
    fail(Kind::usage, "{} is a file; --out names a folder", path.string());
  make_folder(path);
  auto state = std::make_unique<State>(path);
  if (!fs::is_empty(path)) {
    if (!force)
      fail(Kind::usage, "{} is not empty: --resume goes on with it, --force replaces the run in it",
           path.string());
    fs::remove(path / kConfig);
    remove_results(path);
  }
  return RunFolder(std::move(state));
}

RunFolder RunFolder::resume(const fs::path& path) {
  if (!fs::is_directory(path)) fail(Kind::usage, "there is no run in {} to resume", path.string());
  auto state = std::make_unique<State>(path);
  if (!fs::exists(path / kCheckpoint)) {
    if (!fs::exists(path / kConfig))
      fail(Kind::usage,
           "{} has neither {} nor {} to resume from; without --resume a run begins there",
           path.string(), kCheckpoint, kConfig);
    say(fmt::format("{} was stopped before its first {}: it begins anew", path.string(),
                    kCheckpoint));
    remove_results(path);
  }
  return RunFolder(std::move(state));
}

const fs::path& RunFolder::path() const {
  return state_->path;
}

fs::path RunFolder::operator/(const std::string& name) const {
  return state_->path / name;
}

void RunFolder::log(const nlohmann::ordered_json& line, int64_t step) {
  if (!state_->log.is_open()) state_->open_log();
  state_->log << line.dump() << '\n' << std::flush;
  if (!state_->log)
    fail(Kind::io, "cannot write {} (is the disk full?)", state_->log_path().string());
  if (step < 0) return;
  Scalars scalars;
  collect_numbers(line, "", scalars);
  // Opened at the first step, so that what a killed run wrote of this and later steps is dropped.
  if (!state_->events) state_->events.emplace(state_->path, step);
  state_->events->add(step, scalars);
}

bool RunFolder::has_state() const {
  return fs::exists(state_->path / kCheckpoint);
}

uint64_t RunFolder::log_size() const {
  if (!fs::exists(state_->log_path())) return 0;
  flush_to_disk(state_->log_path());
  return fs::file_size(state_->log_path());
}

void RunFolder::cut_log(uint64_t size) {
  if (log_size() <= size) return;
  state_->log.close();
  std::error_code status;
  fs::resize_file(state_->log_path(), size, status);
  if (status) fail(Kind::io, "cannot cut {}: {}", state_->log_path().string(), status.message());
}

fs::path next_run_folder(const std::string& task) {
  for (int number = 1;; ++number) {
    fs::path path = fs::path("runs") / fmt::format("{}-{}", task, number);
    if (!fs::exists(path)) return path;
  }
}

}  // namespace espalier
