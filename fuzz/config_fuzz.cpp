// A TOML file from anywhere, and every field set from the same text. What is read must survive being written.
#include "espalier/core/fields.h"

#include "fuzz/bear.h"
#include "fuzz/memory_file.h"

namespace {

using namespace espalier;

struct Everything {
  bool flag = false;
  int64_t count = 1;
  double rate = 0.5;
  std::string word = "a", text;
  std::vector<int64_t> steps;
  std::vector<double> rates;
  std::vector<std::string> names;
};

Fields fields(Everything& all) {
  return {field("flag", all.flag, "yes or no"),
          field("count", all.count, "a number").between(-5, 1e6),
          field("rate", all.rate, "a number"),
          field("word", all.word, "a choice").one_of({"a", "b"}),
          field("text", all.text, "anything"),
          field("steps", all.steps, "numbers"),
          field("rates", all.rates, "numbers").between(0, 1),
          field("names", all.names, "words")};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Everything all, again;
  Fields known = fields(all);
  bear(data, size, [&](std::string_view bytes) {
    for (const Field& one : known)
      bear(data, size, [&](std::string_view text) { set_field(known, one.name, text); });
    read_toml(known, MemoryFile(bytes).path());
  });
  std::string saved = to_toml(known);
  try {
    read_toml(fields(again), MemoryFile(saved).path());
  } catch (const Error& error) {
    std::fprintf(stderr, "what was written is refused: %s\n%s\n", error.what(), saved.c_str());
    std::abort();
  }
  if (to_toml(fields(again)) != saved) std::abort();
  return 0;
}
