// The binary as another process: started in a scratch folder of its own, waited for, looked at. ESPALIER_BINARY names it.
//
//   Program program("command");
//   Outcome outcome = program.run({"eval", "run", "--json"});
//   pid_t child = program.start(words);  ::kill(child, SIGKILL);  outcome = program.wait(child);
#pragma once

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "espalier/core/files.h"

namespace espalier {

struct Outcome {
  int code = -1;  // what it exited with; the number of the signal that ended it, negative
  std::string out, err;
};

class Program {
 public:
  explicit Program(const std::string& name)
      : root_(fs::temp_directory_path() / fmt::format("espalier-{}-{}", name, ::getpid())) {
    const char* binary = std::getenv("ESPALIER_BINARY");
    if (binary == nullptr) {
      ADD_FAILURE() << "ESPALIER_BINARY names no binary";
      std::abort();
    }
    binary_ = binary;
    fs::remove_all(root_);
    make_folder(root_);
  }
  ~Program() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  const fs::path& root() const { return root_; }

  // `prepare` runs in the new process before the binary takes its place.
  pid_t start(const std::vector<std::string>& words, const std::function<void()>& prepare = {}) {
    std::string said = root_ / fmt::format("said-{}", ++started_);
    pid_t child = ::fork();
    if (child != 0) {
      said_[child] = said;
      return child;
    }
    fs::current_path(root_);
    (void)!std::freopen((said + ".out").c_str(), "w", stdout);
    (void)!std::freopen((said + ".err").c_str(), "w", stderr);
    std::vector<char*> arguments = {const_cast<char*>(binary_.c_str())};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    if (prepare) prepare();
    ::execv(binary_.c_str(), arguments.data());
    ::_exit(127);
  }

  // A process that does not end within `seconds` is killed, which is a failure of the test.
  Outcome wait(pid_t child, int seconds = 240) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    int status = 0;
    while (::waitpid(child, &status, WNOHANG) == 0) {
      if (std::chrono::steady_clock::now() > end) {
        ADD_FAILURE() << "still running after " << seconds << " s";
        ::kill(child, SIGKILL);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    std::string said = said_.at(child);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), read_file(said + ".out"),
            read_file(said + ".err")};
  }

  Outcome run(const std::vector<std::string>& words, const std::function<void()>& prepare = {}) {
    return wait(start(words, prepare));
  }

 private:
  std::string binary_;
  fs::path root_;
  int started_ = 0;
  std::map<pid_t, std::string> said_;
};

}  // namespace espalier
