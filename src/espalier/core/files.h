// Reading whole files with a limit, and writing them so that a reader sees the old content or the
// new, never a part: the bytes go to a temporary name beside the target, are flushed to the disk,
// and are renamed.
//
//   std::string text = read_file("run/config.toml", 1 << 20);
//   write_file_atomic("run/scores.json", text);
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>

namespace espalier {

namespace fs = std::filesystem;

// Throws Error(io) when the file is missing, unreadable, not a regular file, or larger than
// `max_bytes`.
std::string read_file(const fs::path& path, uint64_t max_bytes = uint64_t{1} << 32);

// Throws Error(io) naming the path; on failure the old file, if any, stays as it was. Makes parent
// folders.
void write_file_atomic(const fs::path& path, std::string_view bytes);

// The same for content that is produced piece by piece.
void write_file_atomic(const fs::path& path, const std::function<void(std::ostream&)>& write);

// Creates the folder and its parents; throws Error(io).
void make_folder(const fs::path& path);

}  // namespace espalier
