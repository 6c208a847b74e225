// The command: espalier VERB [words and flags].
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/names.h"
#include "espalier/core/progress.h"
#include "espalier/tensor/torch.h"

#include "app/compare.h"
#include "app/table_run.h"
#include "app/verbs.h"

namespace espalier {
namespace {

struct Verb {
  std::string name, help;
  int (*run)(const Arguments&);
  int (*run_table)(const Arguments&) = nullptr;  // when the arguments are about a table
};

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> table = {
      {"train", "train a task on data: train classify --data DIR, train table --data CSV",
       run_train, run_train_table},
      {"eval", "score a run, model file or .onnx on data", run_eval, run_eval_table},
      {"compare", "two models on the same samples: which is better, and could it be chance",
       run_compare},
      {"prune", "make a trained network cheaper: prune RUN --to macs=0.5", run_prune},
      {"predict", "classify images or a folder of them, or answer the rows of a table", run_predict,
       run_predict_table},
      {"export", "write a checked, folded .onnx", run_export},
      {"convert", "weights between .pth, .safetensors and folders", run_convert},
      {"report", "one HTML page for a run, or several side by side", run_report},
      {"data", "draw an orchard, check a data set, look at it", run_data},
      {"models", "list the models with parameters and MACs", run_models},
      {"bench", "images a second of inference, training or loading", run_bench},
      {"lab", "run an experiment over seeds and say what it shows", run_lab},
      {"demo", "the whole path on the orchard in a few minutes", run_demo},
  };
  return table;
}

void print_help() {
  fmt::print(
      "espalier: train, evaluate, export and report models\n\n"
      "espalier VERB [words and flags]   (espalier VERB --help says more)\n\n");
  for (const Verb& verb : verbs()) fmt::print("  {:<10} {}\n", verb.name, verb.help);
}

int run(int count, char** words) {
  if (count < 2) {
    print_help();
    return exit_code(Kind::usage);
  }
  std::string name = words[1];
  if (name == "--help" || name == "-h" || name == "help") {
    print_help();
    return 0;
  }
  if (name == "--version") {
    fmt::print("espalier {}\n", ESPALIER_VERSION);
    return 0;
  }
  const Verb& verb = find_named(verbs(), name, "verb");
  const Arguments arguments(words + 2, words + count);
  return (verb.run_table && is_about_a_table(name, arguments) ? verb.run_table
                                                              : verb.run)(arguments);
}

int report_error(const std::string& what, Kind kind) {
  fmt::print(stderr, "espalier: {}\n", what);
  return exit_code(kind);
}

int run_and_report(int count, char** words) {
  try {
    return run(count, words);
  } catch (const Error& error) {
    return report_error(error.what(), error.kind());
  } catch (const c10::Error& error) {
    return report_error(fmt::format("internal: {}", error.what_without_backtrace()),
                        Kind::internal);
  } catch (const std::bad_alloc&) {
    return report_error("out of memory: a smaller --batch or --size helps", Kind::io);
  } catch (const std::exception& error) {
    return report_error(fmt::format("internal: {}", error.what()), Kind::internal);
  }
}

// Without the destructors of statics: LibTorch's take a third of the time of a short command to forget its operators
// one by one, and ours hold nothing that the system does not take back.
[[noreturn]] void leave(int code) {
  std::fflush(nullptr);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::exit(code);  // the sanitizers' reports come at the end
#else
  std::_Exit(code);
#endif
}

}  // namespace
}  // namespace espalier

int main(int count, char** words) {
  espalier::leave(espalier::run_and_report(count, words));
}
