// Models of tables on disk: plain arrays under names in a safetensors file, whose metadata say which model it is.
//
//   ArrayWriter out("tree");   out.add("nodes.threshold", thresholds);   out.set("classes", 5);   out.write(path);
//   ArrayReader in(path, "tree");
//   std::vector<double> thresholds = in.array<double>("nodes.threshold", nodes);   // its length is checked
//   int64_t classes = in.number("classes", 0, 1 << 20);
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "espalier/format/safetensors.h"

namespace espalier {

class ArrayWriter {
 public:
  explicit ArrayWriter(const std::string& model);

  // T: double, float, int64_t, int32_t, uint8_t. `columns` 0: a list; else rows of so many.
  template <class T>
  void add(const std::string& name, const std::vector<T>& values, int64_t columns = 0);
  void set(const std::string& key, int64_t value);
  void set(const std::string& key, const std::string& value);
  // Throws Error(io). The file carries a checksum.
  void write(const fs::path& path) const;

 private:
  std::vector<StoredTensor> tensors_;
  std::deque<std::string> kept_;  // what they look into
  std::map<std::string, std::string> metadata_;
};

// Everything that is asked for must be there; messages name file, array and place.
class ArrayReader {
 public:
  // Throws Error(io | format) for a damaged file, Error(usage) for one of another model.
  ArrayReader(const fs::path& path, const std::string& model);

  // Length -1: any. Throws Error(format) when it is missing, of another type or length, or holds a NaN where
  // `finite`.
  template <class T>
  std::vector<T> array(const std::string& name, int64_t length = -1, bool finite = true) const;
  bool has(const std::string& name) const { return file_.find(name) != nullptr; }
  int64_t number(const std::string& key, int64_t low, int64_t high) const;
  std::string text(const std::string& key) const;
  // "reading forest.safetensors: ..." as Error(format).
  [[noreturn]] void refuse(const std::string& why) const;

 private:
  std::string place_;
  Safetensors file_;
};

}  // namespace espalier
