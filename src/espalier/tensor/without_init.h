// Networks built without random weights, for whoever overwrites them all at once: drawing the
// numbers takes longer than reading a file of them.
//
//   WithoutInit scope;
//   ImageModelPtr net = make_model("resnet50");   // weights are whatever stood in memory
//   load_state(*net, file.tensors());
#pragma once

#include <memory>

namespace espalier {

// While it lives, uniform_() and normal_() in this thread leave their tensor as it is and the
// generator where it was. Everything else (zeros, ones, arithmetic) does what it always does.
class WithoutInit {
 public:
  WithoutInit();
  ~WithoutInit();
  WithoutInit(const WithoutInit&) = delete;
  WithoutInit& operator=(const WithoutInit&) = delete;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

}  // namespace espalier
