// The binary as a user meets it, in a folder of its own: the fixture of the tests of the command.
#pragma once

#include <algorithm>
#include <csignal>

#include <nlohmann/json.hpp>

#include "espalier/core/files.h"

#include "tests/program.h"

namespace espalier {

class Command : public ::testing::Test {
 protected:
  pid_t start(const std::vector<std::string>& words) { return program_.start(words); }
  Outcome run(const std::vector<std::string>& words) { return program_.run(words); }

  // One line on standard error that holds `part`, this exit code, nothing on standard output.
  void expect_refused(const std::vector<std::string>& words, int code, const std::string& part) {
    Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("espalier: ", 0), 0u) << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }

  nlohmann::json last_json(const Outcome& outcome) {
    std::string text = outcome.out;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return nlohmann::json::parse(text.substr(text.rfind('\n') + 1));
  }

  std::vector<std::string> train_words(const std::string& out) {
    return {"train",        "classify",
            "--data",       "orchard:species,size=32,train=200,val=40,test=80",
            "--out",        out,
            "--epochs",     "2",
            "--batch",      "20",
            "--threads",    "1",
            "--precision",  "fp32",
            "--save-steps", "2",
            "--quiet"};
  }

  // A run with `more` flags that is killed and resumed leaves the weights of one that was not.
  void expect_resumed_to_the_bit(const std::vector<std::string>& more) {
    auto words = [&](const std::string& out) {
      std::vector<std::string> all = train_words(out);
      all.insert(all.end(), more.begin(), more.end());
      return all;
    };
    ASSERT_EQ(run(words("whole")).code, 0);
    pid_t child = start(words("killed"));
    fs::path state = root_ / "killed/last.ckpt";
    // Killed once the first state of the middle of an epoch is on the disk (10 steps an epoch, saved
    // every 2).
    for (int i = 0; i < 6000 && !fs::exists(state); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ::kill(child, SIGKILL);
    ASSERT_EQ(program_.wait(child).code, -SIGKILL) << "the run ended before it could be killed";
    ASSERT_FALSE(fs::exists(root_ / "killed/last/model.safetensors"));
    std::vector<std::string> again = words("killed");
    again.push_back("--resume");
    Outcome resumed = run(again);
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    for (const char* file : {"model.safetensors", "last/model.safetensors"})
      EXPECT_EQ(read_file(root_ / "killed" / file), read_file(root_ / "whole" / file)) << file;
  }

  Program program_{"command"};
  const fs::path& root_ = program_.root();
};

}  // namespace espalier
