// A disk of a few megabytes that only this test sees: a tmpfs in a mount namespace of a child process, reached through
// /proc. Needs no rights where the system lets users make namespaces.
//
//   TinyDisk disk(4 << 20);
//   if (!disk.works()) GTEST_SKIP() << disk.reason();
//   run_into(disk.root() / "run");  disk.fill();  disk.clear();
#pragma once

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "espalier/core/files.h"

namespace espalier {

class TinyDisk {
 public:
  explicit TinyDisk(size_t bytes) {
    int ready[2];
    if (::pipe(ready) != 0) return;
    keeper_ = ::fork();
    if (keeper_ == 0) {
      ::close(ready[0]);
      int status = make(bytes);
      (void)!::write(ready[1], &status, sizeof status);
      ::close(ready[1]);
      while (status == 0) ::pause();
      ::_exit(0);
    }
    ::close(ready[1]);
    if (::read(ready[0], &status_, sizeof status_) != sizeof status_) status_ = EIO;
    ::close(ready[0]);
  }
  ~TinyDisk() {
    if (keeper_ <= 0) return;
    ::kill(keeper_, SIGKILL);
    ::waitpid(keeper_, nullptr, 0);
  }
  TinyDisk(const TinyDisk&) = delete;
  TinyDisk& operator=(const TinyDisk&) = delete;

  bool works() const { return status_ == 0; }
  std::string reason() const {
    return fmt::format("no small disk can be mounted here: {}", std::strerror(status_));
  }
  fs::path root() const { return fmt::format("/proc/{}/root/mnt", keeper_); }

  // Takes every byte that is left; clear() gives them back.
  void fill() const {
    int file = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (size_t block = 4096; block > 0; block = block > 1 ? block / 2 : 0)
      while (::write(file, std::string(block, 'x').data(), block) > 0) continue;
    ::close(file);
  }
  void clear() const { fs::remove(ballast()); }

 private:
  static int make(size_t bytes) {
    int kind = ::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
    if (::unshare(kind) != 0) return errno;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
    std::string options = fmt::format("size={}", bytes);
    return ::mount("espalier", "/mnt", "tmpfs", 0, options.c_str()) == 0 ? 0 : errno;
  }
  fs::path ballast() const { return root() / "ballast"; }

  pid_t keeper_ = -1;
  int status_ = ENOSYS;
};

}  // namespace espalier
