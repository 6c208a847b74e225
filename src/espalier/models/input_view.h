// How images looked when the weights of a net were trained, for files of weights that do not say it.
#pragma once

#include <string>
#include <vector>

namespace espalier {

struct InputView {
  std::vector<double> mean, std;  // of each channel, for samples in 0..1
  double crop_share = 1;          // part of the short side that is kept
  std::string resize = "crop";
  std::string source;  // who says so, for the log
};

// Of the published weights of a row of the table.
InputView published_view(const std::string& model);

}  // namespace espalier
