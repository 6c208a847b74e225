// The fields that most families have, described once.
//
//   return {field("depth", ...), classes_field(config.classes), in_channels_field(config.in_channels)};
#pragma once

#include "espalier/core/fields.h"

namespace espalier {

inline Field classes_field(int64_t& classes) {
  return field("classes", classes, "outputs of the last layer").between(1, 1e6);
}

inline Field in_channels_field(int64_t& in_channels) {
  return field("in_channels", in_channels, "channels of the images").between(1, 1024);
}

inline Field dropout_field(double& dropout) {
  return field("dropout", dropout, "share of values dropped before the last layer").between(0, 0.9);
}

}  // namespace espalier
