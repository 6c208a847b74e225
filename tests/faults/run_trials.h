// A small training run of the binary for fault tests, and the comparison of two runs.
#pragma once

#include <fstream>

#include <nlohmann/json.hpp>

#include "espalier/core/random.h"
#include "espalier/format/safetensors.h"

#include "tests/program.h"

namespace espalier {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

inline void sleep_seconds(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

// Two epochs of eight steps, a state after each step.
inline std::vector<std::string> small_run(const std::string& out,
                                          const std::string& threads = "1") {
  return {
      "train",     "classify", "--data",       "orchard:species,size=32,train=160,val=40,test=40",
      "--out",     out,        "--size",       "16",
      "--epochs",  "2",        "--batch",      "20",
      "--threads", threads,    "--precision",  "fp32",
      "--ema",     "0.9",      "--save-steps", "1",
      "--quiet"};
}

inline std::vector<std::string> with(std::vector<std::string> words,
                                     const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// A line of metrics.jsonl or a state without what a clock says.
inline std::string without_clock(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text);
  for (const char* key : {"seconds", "images_per_second", "profile"}) json.erase(key);
  return json.dump();
}

inline std::string log_of(const fs::path& run) {
  std::string all;
  std::ifstream stream(run / "metrics.jsonl");
  for (std::string line; std::getline(stream, line);) all += without_clock(line) + "\n";
  return all;
}

inline std::vector<std::string> parts_in(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.find(".part") != std::string::npos) found.push_back(name);
  }
  return found;
}

inline bool is_whole_page(const std::string& html) {
  return html.ends_with("</html>\n") || html.ends_with("</html>");
}

// Everything that a run leaves, to the bit, but for times of the clock.
inline void expect_same_run(const fs::path& a, const fs::path& b) {
  for (const char* file : {"config.toml", "config.json", "model.safetensors", "last/config.json",
                           "last/model.safetensors"})
    EXPECT_EQ(read_file(a / file), read_file(b / file)) << a << ": " << file;
  EXPECT_EQ(log_of(a), log_of(b)) << a;
  Safetensors left = Safetensors::read(a / "last.ckpt"), right = Safetensors::read(b / "last.ckpt");
  ASSERT_EQ(left.tensors().size(), right.tensors().size());
  for (const StoredTensor& tensor : left.tensors())
    EXPECT_EQ(tensor.bytes, right.find(tensor.name)->bytes) << a << ": " << tensor.name;
  nlohmann::json states[2];
  for (int i = 0; i < 2; ++i) {
    const Safetensors& file = i == 0 ? left : right;
    states[i] = nlohmann::json::parse(without_clock(file.metadata().at("espalier_state")));
    states[i].erase("log_size");  // the lines hold times of the clock, of any length
  }
  EXPECT_EQ(states[0], states[1]) << a;
  EXPECT_TRUE(is_whole_page(read_file(a / "report.html"))) << a;
  EXPECT_EQ(parts_in(a), std::vector<std::string>()) << a;
}

}  // namespace espalier
