// An ONNX file as a graph: the operators of operators.h, opset 11 to 22, weights inside the file.
// What we write, and classifiers that PyTorch exports (docs/file-formats.md).
//
//   Graph graph = read_onnx("model.onnx");
//   GraphRunner runner(graph);
#pragma once

#include <string>
#include <string_view>

#include "espalier/core/files.h"
#include "espalier/deploy/graph.h"

namespace espalier {

// The graph is verified and its operators checked. Throws Error(io), Error(format) for bytes that
// are not ONNX or that contradict themselves, Error(unsupported) naming node and operator for what
// lies outside the subset.
Graph read_onnx(const fs::path& path);

// `place` stands in messages for the path.
Graph parse_onnx(std::string_view bytes, const std::string& place);

}  // namespace espalier
