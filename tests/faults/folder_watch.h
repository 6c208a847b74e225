// Waits for names to appear in a folder, by inotify: what a test needs to strike while a file is being written.
//
//   FolderWatch watch(folder);
//   if (watch.wait_for("last.ckpt.part", 10)) strike();
#pragma once

#include <array>
#include <cstring>
#include <deque>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "espalier/core/files.h"

namespace espalier {

class FolderWatch {
 public:
  explicit FolderWatch(const fs::path& folder) : handle_(::inotify_init1(IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(handle_, folder.c_str(), IN_CREATE | IN_MOVED_TO), 0);
  }
  ~FolderWatch() { ::close(handle_); }
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  // True when a name that begins so was made, or renamed to, since the last call that gave true; false after
  // `seconds` without.
  bool wait_for(const std::string& beginning, int seconds) {
    for (;;) {
      while (!names_.empty()) {
        std::string name = names_.front();
        names_.pop_front();
        if (name.starts_with(beginning)) return true;
      }
      pollfd ready{handle_, POLLIN, 0};
      if (::poll(&ready, 1, seconds * 1000) <= 0) return false;
      read_names();
    }
  }

 private:
  void read_names() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    ssize_t size = ::read(handle_, buffer.data(), buffer.size());
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if (event.len > 0) names_.emplace_back(buffer.data() + at + sizeof event);
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }

  int handle_;
  std::deque<std::string> names_;
};

}  // namespace espalier
