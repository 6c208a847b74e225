#include "app/command_line.h"

#include <algorithm>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/runtime.h"

namespace espalier {
namespace {

std::string with_dashes(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool is_bool(const Field& field) {
  return std::holds_alternative<bool*>(field.target);
}

std::string described(const Field& field) {
  std::string text = field.help;
  if (!field.choices.empty() && field.choices.size() <= 8)
    text += fmt::format(" ({})", fmt::join(field.choices, "|"));
  std::string value = field_text(field);
  return value.empty() ? text : text + fmt::format(" [{}]", value);
}

const Field* known_field(const Fields& fields, std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

[[noreturn]] void refuse_flag(const std::string& flag, const Fields& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back("--" + with_dashes(field.name));
  throw Error(Kind::usage, unknown_name("flag", flag.substr(0, flag.find('=')), names));
}

}  // namespace

Fields fields(CommonConfig& c) {
  return {field("threads", c.threads, "processor threads; 0: all").between(0, 4096),
          field("device", c.device, "where to compute").one_of({"cpu", "cuda"}),
          field("quiet", c.quiet, "no progress, warnings only"),
          field("json", c.json, "end standard output with one JSON object")};
}

CommandLine::CommandLine(std::string usage, std::string help)
    : usage_(std::move(usage)), help_(std::move(help)), fields_(fields(common_)) {}

void CommandLine::positional(const std::string& name,
                             std::string& target,
                             const std::string& help) {
  words_.push_back({name, help, &target});
}

void CommandLine::positionals(const std::string& name,
                              std::vector<std::string>& target,
                              const std::string& help) {
  rest_ = {name, help, nullptr};
  rest_target_ = &target;
}

void CommandLine::add(const Fields& fields) {
  fields_ = join(fields, fields_);
}

void CommandLine::print_help() const {
  fmt::print("{}\n\n{}\n", usage_, help_);
  auto row = [](const std::string& name, const std::string& help) {
    fmt::print("  {:<24} {}\n", name, help);
  };
  if (!words_.empty() || rest_target_) fmt::print("\nwords\n");
  for (const Word& word : words_) row(word.name, word.help);
  if (rest_target_) row(rest_.name + " ...", rest_.help);
  fmt::print("\nflags (also as key=value, in a file by --config, or by --set key=value)\n");
  for (const Field& field : fields_) row("--" + with_dashes(field.name), described(field));
  row("--config FILE", "TOML file with any of these keys");
  row("--set KEY=VALUE", "one key; may be given several times");
}

void CommandLine::take_word(const std::string& word) {
  if (word.size() > 1 && word[0] == '-') refuse_flag(word, fields_);
  size_t equals = word.find('=');
  if (equals != std::string::npos && known_field(fields_, word.substr(0, equals)))
    return set_field(fields_, word.substr(0, equals), word.substr(equals + 1));
  if (words_taken_ < words_.size()) {
    *words_[words_taken_++].target = word;
  } else if (rest_target_) {
    rest_target_->push_back(word);
  } else if (equals != std::string::npos) {
    set_field(fields_, word.substr(0, equals), word.substr(equals + 1));  // names the nearest key
  } else {
    fail(Kind::usage, "unexpected word '{}' (usage: {})", word, usage_);
  }
}

bool CommandLine::parse(const Arguments& arguments) {
  words_taken_ = 0;
  if (rest_target_) rest_target_->clear();
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  bool help = false;
  std::string file;
  std::vector<std::string> settings;
  std::vector<std::pair<std::string, std::string>> given;
  app.add_flag("-h,--help", help);
  app.add_option("--config", file);
  app.add_option("--set", settings)
      ->expected(1)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  for (const Field& field : fields_) {
    std::string flag = "--" + with_dashes(field.name);
    std::string name = field.name;
    if (is_bool(field)) {
      app.add_flag_callback(flag, [&given, name] { given.emplace_back(name, "true"); });
      app.add_flag_callback("--no-" + with_dashes(name),
                            [&given, name] { given.emplace_back(name, "false"); });
    } else {
      app.add_option_function<std::string>(
          flag, [&given, name](const std::string& text) { given.emplace_back(name, text); });
    }
  }
  std::vector<std::string> reversed(arguments.rbegin(),
                                    arguments.rend());  // CLI11 takes words from the back
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    throw Error(Kind::usage, error.what());
  }
  if (help) {
    print_help();
    return false;
  }
  if (!file.empty()) read_toml(fields_, file);
  for (const auto& [name, text] : given) set_field(fields_, name, text);
  for (const std::string& setting : settings) {
    size_t equals = setting.find('=');
    if (equals == std::string::npos) fail(Kind::usage, "--set takes key=value, got '{}'", setting);
    set_field(fields_, setting.substr(0, equals), setting.substr(equals + 1));
  }
  for (const std::string& word : app.remaining()) take_word(word);
  if (words_taken_ < words_.size())
    fail(Kind::usage, "missing {} (usage: {}; --help says more)", words_[words_taken_].name,
         usage_);
  if (common_.device != "cpu")
    fail(Kind::unsupported, "device '{}': this build computes on the cpu only", common_.device);
  set_quiet(common_.quiet);
  start_runtime(common_.threads);
  return true;
}

}  // namespace espalier
