// The loop and the small parts that all writers of write.h share.
#pragma once

#include <string>
#include <vector>

#include "espalier/core/error.h"
#include "espalier/core/interrupt.h"
#include "espalier/core/progress.h"
#include "espalier/data/write.h"

namespace espalier {

// Throws Error(usage) for a key out of range.
void check_write(const WriteConfig& config);
// Makes the folder; Error(usage) when something is in it.
void claim_folder(const fs::path& folder);

std::string picture_name(int64_t i, const WriteConfig& config);
void write_picture(const fs::path& path, const Image& image, const WriteConfig& config);
std::string name_of(int64_t label, const std::vector<std::string>& names);

// Reads every sample and hands it to write(i, sample); bad data and damaged files are counted, all
// else stops the work.
template <class Write>
WriteReport write_each(const Dataset& data,
                       const fs::path& folder,
                       const std::vector<std::string>& parts,
                       const WriteConfig& config,
                       Write&& write) {
  check_write(config);
  claim_folder(folder);
  for (const std::string& part : parts) make_folder(folder / part);
  WriteReport report;
  Progress progress("writing " + folder.string(), data.size(), "img");
  for (int64_t i = 0; i < data.size(); ++i) {
    if (interrupted())
      fail(Kind::interrupted, "writing {}: stopped after {} pictures", folder.string(), i);
    try {
      write(i, data.read(i));
      ++report.written;
    } catch (const Error& error) {
      if (error.kind() != Kind::data && error.kind() != Kind::format) throw;
      report.failures.push_back({data.id(i), error.what()});
    }
    progress.advance(1);
  }
  return report;
}

}  // namespace espalier
