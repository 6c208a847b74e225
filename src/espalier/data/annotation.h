// Everything known about one image. The same struct is ground truth, prediction, what augmentation transforms,
// what every data format reads and writes, what is drawn, and what metrics compare. A task reads only the
// fields it needs; the others stay empty.
//
//   Annotation truth;
//   truth.labels = {{.id = 3}};
//   truth.instances.push_back({.box = {10, 20, 60, 90}, .label = 1});
//
// Coordinates are pixels of the image, x to the right, y down, (0, 0) the top left corner of the top left
// pixel; pixel (i, j) covers [i, i+1) x [j, j+1), its centre is (i + 0.5, j + 0.5).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "espalier/format/image.h"

namespace espalier {

// Class of an image. Truth: score 1, or shares of 1. Prediction: all probabilities, best first.
struct Label {
  int64_t id = 0;
  float score = 1;
  bool operator==(const Label&) const = default;
};

// Corners, x0 <= x1 and y0 <= y1, half open.
struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float width() const { return x1 - x0; }
  float height() const { return y1 - y0; }
  float area() const { return width() * height(); }
  bool operator==(const Box&) const = default;
};

struct Instance {
  Box box = {};
  int64_t label = 0;
  float score = 1;
  Image mask = {};     // of the whole image, one channel, 0 or 255; empty when unknown
  int64_t track = -1;  // the same object in another frame has the same number; -1: no track
  bool operator==(const Instance&) const = default;
};

struct Point {
  float x = 0, y = 0;
  int64_t label = 0;
  bool operator==(const Point&) const = default;
};

// How the cells of a grid laid over the image were moved (data/destruct.h): cell i, counted row by row,
// shows what stood in cell source[i] before.
struct Destruction {
  int grid = 0;  // cells a side
  std::vector<int> source = {};
  bool operator==(const Destruction&) const = default;
};

struct Annotation {
  int width = 0, height = 0;             // of the image that the coordinates refer to
  std::vector<Label> labels = {};        // classes of the image
  std::vector<Instance> instances = {};  // objects, with boxes and perhaps masks
  Image semantic =
      {};            // one channel: class of each pixel, kIgnore = unlabelled; empty when unknown
  Image alpha = {};  // one channel: share of foreground, 0..255; empty when unknown
  std::vector<Point> points = {};  // object centres, for counting
  Destruction destruction = {};  // of an image whose cells were moved; without sources: it is whole

  static constexpr uint8_t kIgnore = 255;
  bool operator==(const Annotation&) const = default;
};

}  // namespace espalier
