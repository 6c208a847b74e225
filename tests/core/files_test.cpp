#include "espalier/core/files.h"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "espalier/core/durable.h"
#include "espalier/core/error.h"
#include "espalier/core/folder_lock.h"

#include "tests/expect_error.h"

namespace espalier {
namespace {

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "espalier_files_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_))
      found.push_back(entry.path().filename().string());
    return found;
  }

  fs::path folder_;
};

std::string io_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::io);
    return error.what();
  }
  return "nothing was thrown";
}

// While alive, no file of this process grows beyond so many bytes: to a writer, a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    rlimit limit = old_limit_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    std::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_limit_{};
  void (*old_handler_)(int);
};

TEST_F(Files, WritesAndReadsAnyBytes) {
  std::string bytes("a\0b\r\n\xff", 6);
  write_file_atomic(folder_ / "deep" / "er" / "file", bytes);
  EXPECT_EQ(read_file(folder_ / "deep" / "er" / "file"), bytes);
  write_file_atomic(folder_ / "deep" / "er" / "file", "");
  EXPECT_EQ(read_file(folder_ / "deep" / "er" / "file"), "");
}

TEST_F(Files, LeavesNothingButTheTarget) {
  write_file_atomic(folder_ / "file", "old");
  write_file_atomic(folder_ / "file", "new");
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

TEST_F(Files, AFullDiskLeavesTheOldFile) {
  write_file_atomic(folder_ / "file", "old");
  std::string message;
  {
    FullDisk full(1000);
    message = io_error([&] { write_file_atomic(folder_ / "file", std::string(100000, 'x')); });
  }
  EXPECT_EQ(message, "cannot write " + (folder_ / "file").string() + ": File too large");
  EXPECT_EQ(read_file(folder_ / "file"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

// The last bytes leave the stream's buffer only when it is flushed: that failure must not be lost either.
TEST_F(Files, ADiskThatFillsAtTheLastByteIsNoticed) {
  FullDisk full(1000);
  EXPECT_NE(io_error([&] { write_file_atomic(folder_ / "file", std::string(1001, 'x')); }),
            "nothing was thrown");
  write_file_atomic(folder_ / "file", std::string(1000, 'x'));
  EXPECT_EQ(read_file(folder_ / "file").size(), 1000u);
}

TEST_F(Files, AWriterThatThrowsLeavesTheOldFile) {
  write_file_atomic(folder_ / "file", "old");
  EXPECT_THROW(write_file_atomic(folder_ / "file",
                                 [](std::ostream& stream) {
                                   stream << "half";
                                   throw std::runtime_error("stop");
                                 }),
               std::runtime_error);
  EXPECT_EQ(read_file(folder_ / "file"), "old");
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

// A reader at any moment sees one whole version; writers of one path do not mix.
TEST_F(Files, ReadersSeeWholeVersionsOnly) {
  const fs::path path = folder_ / "file";
  auto version = [](char c) { return std::string(20000, c); };
  write_file_atomic(path, version('a'));
  std::vector<std::thread> writers;
  for (char c : {'b', 'c'})
    writers.emplace_back([&, c] {
      for (int i = 0; i < 40; ++i) write_file_atomic(path, version(c));
    });
  for (int i = 0; i < 200; ++i) {
    std::string text = read_file(path);
    ASSERT_EQ(text, version(text.at(0)));
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(names(), std::vector<std::string>{"file"});
}

TEST_F(Files, UnwritablePlacesAreNamed) {
  write_file_atomic(folder_ / "file", "x");
  std::string below_a_file = (folder_ / "file" / "child").string();
  EXPECT_EQ(io_error([&] { write_file_atomic(below_a_file, "y"); }),
            "cannot create the folder " + (folder_ / "file").string() + ": Not a directory");
  fs::create_directories(folder_ / "a_folder" / "full");
  EXPECT_EQ(io_error([&] { write_file_atomic(folder_ / "a_folder", "y"); }),
            "cannot rename to " + (folder_ / "a_folder").string() + ": Is a directory");
  EXPECT_NE(io_error([&] { write_file_atomic("/proc/espalier/file", "y"); }).find("/proc/espalier"),
            std::string::npos);
}

TEST_F(Files, ReadingSaysWhatIsWrong) {
  const std::string missing = (folder_ / "missing").string();
  EXPECT_EQ(io_error([&] { read_file(missing); }), missing + " does not exist");
  EXPECT_EQ(io_error([&] { read_file(folder_); }), folder_.string() + " is not a file");
  EXPECT_EQ(io_error([&] { read_file("/dev/zero"); }), "/dev/zero is not a file");
  const std::string pipe = (folder_ / "pipe").string();
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(io_error([&] { read_file(pipe); }),
            pipe + " is not a file");  // must not wait for a writer
}

TEST_F(Files, ReadingKeepsToItsLimit) {
  write_file_atomic(folder_ / "file", "12345");
  EXPECT_EQ(read_file(folder_ / "file", 5), "12345");
  EXPECT_EQ(io_error([&] { read_file(folder_ / "file", 4); }),
            (folder_ / "file").string() + " has 5 bytes, more than the limit of 4");
  // A sparse file claims a terabyte: refused before anything is allocated.
  ASSERT_EQ(truncate((folder_ / "file").c_str(), off_t{1} << 40), 0);
  EXPECT_NE(io_error([&] { read_file(folder_ / "file"); }).find("more than the limit"),
            std::string::npos);
}

TEST_F(Files, WhatDeadWritersLeftIsRemovedAndNothingElse) {
  pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  for (const std::string& name :
       {fmt::format("last.ckpt.part{}-3", dead), fmt::format("page.html.part{}-0", ::getpid()),
        std::string("my.part"), std::string("my.part7x"), std::string("last.ckpt")})
    std::ofstream(folder_ / name) << "x";
  remove_abandoned_parts(folder_);
  std::vector<std::string> left = names();
  EXPECT_EQ(left.size(), 4u);
  EXPECT_EQ(std::count(left.begin(), left.end(), fmt::format("last.ckpt.part{}-3", dead)), 0);
}

TEST_F(Files, AFolderIsLockedByOneAtATime) {
  {
    FolderLock lock(folder_);
    expect_error([&] { FolderLock second(folder_); }, Kind::usage, "another process is writing to");
  }
  FolderLock again(folder_);
  EXPECT_TRUE(names().empty());
  expect_error([&] { FolderLock none(folder_ / "none"); }, Kind::io, "none");
}

}  // namespace
}  // namespace espalier
