// A graph as an ONNX file: IR version 8, opset 17, weights as raw data, the batch dimension named
// "N".
//
//   write_onnx(graph, "model.onnx");
#pragma once

#include <string>

#include "espalier/core/files.h"
#include "espalier/deploy/graph.h"

namespace espalier {

// Throws Error(format) for a graph that verify refuses, Error(unsupported) for weights of 2 GB and
// more, which one ONNX file cannot hold, Error(io).
std::string onnx_bytes(const Graph& graph);
void write_onnx(const Graph& graph, const fs::path& path);

}  // namespace espalier
