// Classifies one picture with an exported file: nothing else of the run is needed.
//   run_onnx model.onnx picture.jpg
#include <cstdio>

#include "espalier/core/error.h"
#include "espalier/data/splits.h"
#include "espalier/tasks/open_classifier.h"
#include "espalier/tensor/runtime.h"
#include "espalier/train/classify_recipe.h"

using namespace espalier;

int main(int count, char** words) try {
  if (count != 3) fail(Kind::usage, "usage: run_onnx model.onnx picture.jpg");
  start_runtime(/*threads=*/1);
  std::unique_ptr<ClassifyTask> task =
      open_classifier(words[1]);  // class names and normalisation travel in the file
  Loader picture =
      evaluation_loader(open_images(words[2]), task->meta(), /*batch=*/1, /*workers=*/0);
  Predictions answers = predict_all(*task, picture, Precision::fp32, words[2]);
  if (answers.predicted.empty()) throw Error(Kind::data, answers.failures.at(0).reason);
  for (size_t i = 0; i < 3 && i < answers.predicted[0].labels.size(); ++i) {
    const Label& label = answers.predicted[0].labels[i];
    std::printf("%-20s %.3f\n", task->meta().class_names.at(static_cast<size_t>(label.id)).c_str(),
                label.score);
  }
} catch (const Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return exit_code(error.kind());
}
