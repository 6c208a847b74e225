// Any bytes as one of the files that a report reads; the first byte says which. A report bears everything: what is
// damaged is a warning on the page.
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "espalier/core/files.h"
#include "espalier/report/pages.h"
#include "espalier/report/run_record.h"

#include "fuzz/bear.h"

namespace {

using namespace espalier;

const char* const kFiles[] = {"metrics.jsonl", "summary.json", "eval-test.json", "export.json",
                              "config.toml"};

const fs::path& run_folder() {
  static const struct Folder {
    fs::path path = fs::temp_directory_path() / fmt::format("run_record_fuzz.{}", ::getpid());
    Folder() { make_folder(path); }
    ~Folder() { fs::remove_all(path); }
  } folder;
  return folder.path;
}

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return bear(data, size, [](std::string_view bytes) {
    if (bytes.empty()) return;
    const fs::path& folder = run_folder();
    for (const char* name : kFiles) fs::remove(folder / name);
    write(folder / "summary.json", R"({"task":"classify","model":"resnet20"})");
    write(folder / kFiles[static_cast<uint8_t>(bytes[0]) % std::size(kFiles)], bytes.substr(1));
    if (single_page(read_run(folder)).empty()) std::abort();
  });
}
