// Draws every learning-rate schedule as one SVG: draw_schedules schedules.svg
#include <iostream>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/files.h"
#include "espalier/train/config.h"

using namespace espalier;

namespace {

constexpr int kWidth = 200, kHeight = 90, kGap = 24, kColumns = 4, kSteps = 240, kEpochs = 12;

// One schedule in a box with its upper left corner at (x, y); plateau is drawn as if the score got
// no better after a third of the run.
std::string panel(const std::string& name, int x, int y) {
  TrainConfig config{.epochs = kEpochs, .schedule = name};
  Schedule schedule = make_schedule(config, kSteps / kEpochs);
  std::string points;
  for (int step = 0; step < kSteps; ++step) {
    double factor = schedule_factor(schedule, step);
    int stale = (step - kSteps / 3) * kEpochs / kSteps;
    if (name == "plateau" && stale > config.plateau_patience) factor *= config.gamma;
    points += fmt::format("{:.1f},{:.1f} ", x + kWidth * static_cast<double>(step) / (kSteps - 1),
                          y + kHeight * (1 - factor));
  }
  return fmt::format(
      "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#ccc\"/>\n"
      "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f6f54\" stroke-width=\"2\"/>\n"
      "<text x=\"{}\" y=\"{}\" font-size=\"13\" fill=\"#444\">{}</text>\n",
      x, y, kWidth, kHeight, points, x, y - 6, name);
}

}  // namespace

int main(int count, char** words) {
  try {
    if (count != 2) fail(Kind::usage, "usage: draw_schedules FILE.svg");
    std::string body;
    int number = 0;
    for (const std::string& name : schedule_shapes()) {
      int column = number % kColumns, row = number / kColumns;
      body += panel(name, kGap + column * (kWidth + kGap), kGap + row * (kHeight + 2 * kGap));
      ++number;
    }
    int width = kGap + kColumns * (kWidth + kGap);
    int height = (number + kColumns - 1) / kColumns * (kHeight + 2 * kGap);
    write_file_atomic(
        words[1], fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" "
                              "viewBox=\"0 0 {} {}\" font-family=\"sans-serif\">\n"
                              "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}</svg>\n",
                              width, height, body));
    return 0;
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return exit_code(error.kind());
  }
}
