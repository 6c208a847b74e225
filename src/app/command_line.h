// The words after a verb, read into typed config structs: flags (--weight-decay 1e-4), key=value words, a TOML file
// (--config) and --set key=value; later beats earlier, flags beat the file.
//
//   CommandLine line("espalier eval RUN", "score a run on data");
//   line.positional("run", run, "run folder, model file or .onnx");
//   line.add(fields(config));
//   if (!line.parse(arguments)) return 0;   // --help was asked for and printed
#pragma once

#include <string>
#include <vector>

#include "espalier/core/fields.h"

namespace espalier {

using Arguments = std::vector<std::string>;

// What every verb takes.
struct CommonConfig {
  int64_t threads = 0;
  std::string device = "cpu";
  bool quiet = false, json = false;
};
Fields fields(CommonConfig& config);

class CommandLine {
 public:
  CommandLine(std::string usage, std::string help);

  void positional(const std::string& name, std::string& target, const std::string& help);
  // All remaining words that are not key=value of a known key.
  void positionals(const std::string& name,
                   std::vector<std::string>& target,
                   const std::string& help);
  void add(const Fields& fields);

  // False when help was printed. Throws Error(usage). Applies CommonConfig (quiet, threads). May be called again after
  // a file of defaults was read into the fields, so that what was typed stands above it.
  bool parse(const Arguments& arguments);

  const CommonConfig& common() const { return common_; }

 private:
  struct Word {
    std::string name, help;
    std::string* target;
  };
  void print_help() const;
  void take_word(const std::string& word);

  std::string usage_, help_;
  std::vector<Word> words_;
  Word rest_{};
  std::vector<std::string>* rest_target_ = nullptr;
  size_t words_taken_ = 0;
  CommonConfig common_;
  Fields fields_;
};

}  // namespace espalier
