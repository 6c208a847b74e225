// What a long computation finds run by run (of an experiment) or candidate by candidate (of a search),
// as one CSV that grows line by line, so that it goes on where it was stopped and its numbers can be
// looked at meanwhile.
//
//   RunTable table = RunTable::open("lab/dcl/results.csv", {"variant", "split", "seed"}, {"accuracy"});
//   if (!table.has({"dcl", "0", "3"})) table.add({"dcl", "0", "3"}, {0.91});
//   std::optional<double> accuracy = table.value({"dcl", "0", "3"}, "accuracy");
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "espalier/core/files.h"

namespace espalier {

class RunTable {
 public:
  using Key = std::vector<std::string>;

  // A new table, or one that is there. Throws Error(format) naming file and line when it is of other
  // columns, has a number that is none, or a run twice.
  static RunTable open(const fs::path& path, const Key& key_columns, const Key& value_columns);

  bool has(const Key& key) const { return rows_.count(key) > 0; }
  // Writes the file anew, atomically. Error(io).
  void add(const Key& key, const std::vector<double>& values);
  std::optional<double> value(const Key& key, const std::string& column) const;
  size_t size() const { return order_.size(); }

 private:
  RunTable(fs::path path, Key key_columns, Key value_columns);
  void insert(const Key& key, const std::vector<double>& values);

  fs::path path_;
  Key key_columns_, value_columns_;
  std::vector<Key> order_;
  std::map<Key, std::vector<double>> rows_;
};

}  // namespace espalier
