// Pickles and PyTorch files put together from their opcodes, as a hostile writer would.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "espalier/core/files.h"
#include "espalier/format/zip.h"

namespace espalier::torch_bytes {

inline std::string little_endian(uint64_t value, int width) {
  std::string bytes;
  for (int i = 0; i < width; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

inline std::string pickle(const std::string& body) {
  return "\x80\x02" + body + ".";
}
inline std::string text(const std::string& value) {
  return "X" + little_endian(value.size(), 4) + value;
}
inline std::string integer(int64_t value) {
  return "\x8a\x08" + little_endian(static_cast<uint64_t>(value), 8);
}
inline std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple(const std::vector<int64_t>& values) {
  std::string bytes = "(";
  for (int64_t value : values) bytes += integer(value);
  return bytes + "t";
}
inline std::string dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string bytes = "}(";
  for (const auto& [key, value] : items) bytes += text(key) + value;
  return bytes + "u";
}
inline std::string call(const std::string& module,
                        const std::string& name,
                        const std::string& arguments) {
  return global(module, name) + "(" + arguments + "tR";
}

inline std::string storage(const std::string& type, const std::string& key, int64_t numbers) {
  return "(" + text("storage") + global("torch", type) + text(key) + text("cpu") +
         integer(numbers) + "tQ";
}
inline std::string tensor(const std::string& storage,
                          int64_t offset,
                          const std::vector<int64_t>& size,
                          const std::vector<int64_t>& stride) {
  return call("torch._utils", "_rebuild_tensor_v2",
              storage + integer(offset) + tuple(size) + tuple(stride) + "\x89" +
                  global("collections", "OrderedDict") + ")R");
}
// Of storage 0, which file_with() and legacy_with() give sixteen numbers.
inline std::string plain_tensor() {
  return tensor(storage("FloatStorage", "0", 16), 0, {16}, {1});
}

inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& entries) {
  fs::path path = fs::temp_directory_path() / ("torch_bytes." + std::to_string(::getpid()));
  std::vector<ZipEntry> views;
  for (const auto& [name, bytes] : entries) views.push_back({name, bytes});
  write_zip(path, views);
  std::string bytes = read_file(path);
  fs::remove(path);
  return bytes;
}

// An archive whose pickle has this body.
inline std::string file_with(const std::string& body) {
  return zip_of(
      {{"a/data.pkl", pickle(body)}, {"a/data/0", std::string(64, '\1')}, {"a/version", "3\n"}});
}

inline const std::string kMagic =
    std::string("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15);

// The legacy form around a whole pickle: the storages' keys behind it, and what stands behind the pickles.
inline std::string legacy_around(const std::string& object,
                                 const std::vector<std::string>& keys = {"0"},
                                 const std::string& tail = little_endian(16, 8) +
                                                           std::string(64, '\1')) {
  std::string list = "](";
  for (const std::string& key : keys) list += text(key);
  return kMagic + pickle("M\xe9\x03") + pickle(dict({{"little_endian", "\x88"}})) + object +
         pickle(list + "e") + tail;
}

inline std::string legacy_with(const std::string& body,
                               const std::vector<std::string>& keys = {"0"},
                               const std::string& tail = little_endian(16, 8) +
                                                         std::string(64, '\1')) {
  return legacy_around(pickle(body), keys, tail);
}

}  // namespace espalier::torch_bytes
