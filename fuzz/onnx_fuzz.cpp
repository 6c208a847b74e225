// Any bytes as an ONNX file: an Error or a graph whose shapes are known, nothing else. Nothing is run.
#include "espalier/core/error.h"
#include "espalier/deploy/onnx_read.h"
#include "espalier/deploy/run_graph.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    espalier::GraphRunner runner(
        espalier::parse_onnx({reinterpret_cast<const char*>(data), size}, "fuzz"));
  } catch (const espalier::Error&) {
  }
  return 0;
}
