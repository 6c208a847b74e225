// The folder of one run (docs/file-formats.md): what stands in it and how it grows.
//
//   RunFolder run = RunFolder::create("runs/classify-3", /*force=*/false);
//   run.log_step({...});   run.write("config.toml", text);
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "espalier/core/files.h"

namespace espalier {

class RunFolder {
 public:
  // A new folder. Throws Error(usage) when it holds a run already, unless `force`, which removes
  // the old run's files. Whoever has a RunFolder is the only one to write there: a second is
  // Error(usage) as long as the first lives, in this process or another.
  static RunFolder create(const fs::path& path, bool force);
  // An existing run to go on with. One that was stopped before its first last.ckpt has only its
  // configuration left (has_state() is false then) and begins anew. Throws Error(usage | io).
  static RunFolder resume(const fs::path& path);
  ~RunFolder();
  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) noexcept;

  const fs::path& path() const;
  fs::path operator/(const std::string& name) const;
  bool has_state() const;  // is there a last.ckpt?

  // One line of metrics.jsonl, flushed; numbers also go to the TensorBoard events when `step` >= 0.
  void log(const nlohmann::ordered_json& line, int64_t step = -1);
  // Bytes of metrics.jsonl so far, which are on the disk then; cutting back to an earlier length forgets what a killed run
  // wrote after its state.
  uint64_t log_size() const;
  void cut_log(uint64_t size);

 private:
  struct State;
  explicit RunFolder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "runs/classify-1", the first number that is free.
fs::path next_run_folder(const std::string& task);

}  // namespace espalier
