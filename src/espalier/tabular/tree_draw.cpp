#include "espalier/tabular/tree_draw.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace espalier {
namespace {

class Drawing {
 public:
  Drawing(const Tree& tree, const TreeNames& names, int64_t max_depth)
      : tree_(tree), names_(names), max_depth_(max_depth) {
    for (size_t i = 0; i < tree.nodes.size() && tree.classes == 0; ++i) {
      low_ = i ? std::min(low_, tree.values[i]) : tree.values[i];
      high_ = i ? std::max(high_, tree.values[i]) : tree.values[i];
    }
  }

  const TreeNode& node(int32_t i) const { return tree_.nodes[static_cast<size_t>(i)]; }
  bool is_leaf(int32_t i) const { return node(i).feature < 0; }
  bool cut_off(int64_t depth) const { return max_depth_ > 0 && depth >= max_depth_; }

  int64_t below(int32_t i) const {
    return is_leaf(i) ? 0 : 2 + below(node(i).left) + below(node(i).right);
  }

  std::string test(int32_t i, bool yes) const {
    const TreeNode& n = node(i);
    const auto f = static_cast<size_t>(n.feature);
    const std::string name =
        f < names_.features.size() ? names_.features[f] : fmt::format("x{}", n.feature);
    if (std::isinf(n.threshold)) return name + (yes ? " is known" : " is missing");
    return fmt::format("{} {} {:.6g}", name, yes ? "<=" : ">", n.threshold);
  }

  size_t class_of(int32_t i) const {
    const double* share = tree_.values.data() + i * tree_.classes;
    return static_cast<size_t>(std::max_element(share, share + tree_.classes) - share);
  }
  double value(int32_t i) const { return tree_.values[static_cast<size_t>(i)]; }

  std::string answer(int32_t i) const {
    if (tree_.classes == 0) return fmt::format("{:.6g}", value(i));
    const size_t c = class_of(i);
    const double share = tree_.values[static_cast<size_t>(i * tree_.classes) + c];
    return fmt::format("{} ({:.3g} %)", class_name(c), 100 * share);
  }
  std::string class_name(size_t c) const {
    return c < names_.classes.size() ? names_.classes[c] : fmt::format("class {}", c);
  }

  std::string facts(int32_t i) const {
    return fmt::format("{} samples, impurity {:.4g}", node(i).samples, node(i).impurity);
  }

  // "#rrggbb": from white to the colour of the class, by how far its share is above even.
  std::string colour(int32_t i) const {
    static constexpr std::array<std::array<int, 3>, 8> kHues = {{{31, 119, 180},
                                                                 {255, 127, 14},
                                                                 {44, 160, 44},
                                                                 {214, 39, 40},
                                                                 {148, 103, 189},
                                                                 {140, 86, 75},
                                                                 {227, 119, 194},
                                                                 {127, 127, 127}}};
    size_t hue = 0;
    double strength = high_ > low_ ? (value(i) - low_) / (high_ - low_) : 0;
    if (tree_.classes > 0) {
      hue = class_of(i);
      const double even = 1.0 / static_cast<double>(tree_.classes);
      const double share = tree_.values[static_cast<size_t>(i * tree_.classes) + hue];
      strength = even < 1 ? (share - even) / (1 - even) : 1;
    }
    std::string text = "#";
    for (const int full : kHues[hue % kHues.size()])
      text +=
          fmt::format("{:02x}", static_cast<int>(std::lround(255 - 0.7 * strength * (255 - full))));
    return text;
  }

  const Tree& tree_;

 private:
  const TreeNames& names_;
  int64_t max_depth_;
  double low_ = 0, high_ = 0;
};

std::string escaped(const std::string& text, bool dot) {
  std::string out;
  for (const char c : text) {
    if (dot && (c == '"' || c == '\\'))
      out += std::string("\\") + c;
    else if (!dot && c == '<')
      out += "&lt;";
    else if (!dot && c == '>')
      out += "&gt;";
    else if (!dot && c == '&')
      out += "&amp;";
    else
      out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return out;
}

void write_text(const Drawing& drawing,
                int32_t at,
                int64_t depth,
                const std::string& indent,
                std::string& out) {
  if (drawing.is_leaf(at) || drawing.cut_off(depth)) {
    out += drawing.answer(at) + "  [" + drawing.facts(at);
    if (!drawing.is_leaf(at)) out += fmt::format(", {} nodes below", drawing.below(at));
    out += "]\n";
    return;
  }
  if (depth == 0) out += "[" + drawing.facts(at) + "]\n";
  for (const bool yes : {true, false}) {
    const int32_t child = yes ? drawing.node(at).left : drawing.node(at).right;
    const bool ends = drawing.is_leaf(child) || drawing.cut_off(depth + 1);
    out += indent + (yes ? "├─ " : "└─ ") + drawing.test(at, yes) + (ends ? ": " : "\n");
    write_text(drawing, child, depth + 1, indent + (yes ? "│  " : "   "), out);
  }
}

struct Box {
  int32_t node, parent;  // places in the list of boxes
  int64_t depth;
  double x = 0;  // of its middle, in boxes
};

// Leaves side by side, parents over the middle of their children.
double lay_out(const Drawing& drawing,
               int32_t node,
               int32_t parent,
               int64_t depth,
               double& next,
               std::vector<Box>& boxes) {
  const auto place = static_cast<int32_t>(boxes.size());
  boxes.push_back({node, parent, depth});
  double x;
  if (drawing.is_leaf(node) || drawing.cut_off(depth)) {
    x = next;
    next += 1;
  } else {
    const double left = lay_out(drawing, drawing.node(node).left, place, depth + 1, next, boxes);
    const double right = lay_out(drawing, drawing.node(node).right, place, depth + 1, next, boxes);
    x = (left + right) / 2;
  }
  return boxes[static_cast<size_t>(place)].x = x;
}

}  // namespace

std::string tree_text(const Tree& tree, const TreeNames& names, int64_t max_depth) {
  std::string out;
  write_text(Drawing(tree, names, max_depth), 0, 0, "", out);
  return out;
}

std::string tree_dot(const Tree& tree, const TreeNames& names, int64_t max_depth) {
  const Drawing drawing(tree, names, max_depth);
  double next = 0;
  std::vector<Box> boxes;
  lay_out(drawing, 0, -1, 0, next, boxes);
  std::string out =
      "digraph tree {\n  node [shape=box, style=\"filled,rounded\", fontname=\"sans-serif\"];\n";
  for (size_t i = 0; i < boxes.size(); ++i) {
    const int32_t node = boxes[i].node;
    const bool ends = drawing.is_leaf(node) || drawing.cut_off(boxes[i].depth);
    const std::string head = ends ? drawing.answer(node) : drawing.test(node, true);
    out += fmt::format("  {} [label=\"{}\\n{}\", fillcolor=\"{}\"];\n", i, escaped(head, true),
                       escaped(drawing.facts(node), true), drawing.colour(node));
    if (boxes[i].parent < 0) continue;
    const bool left = drawing.node(boxes[static_cast<size_t>(boxes[i].parent)].node).left == node;
    out += fmt::format("  {} -> {} [label=\"{}\"];\n", boxes[i].parent, i, left ? "yes" : "no");
  }
  return out + "}\n";
}

std::string tree_svg(const Tree& tree, const TreeNames& names, int64_t max_depth) {
  const Drawing drawing(tree, names, max_depth);
  double next = 0;
  std::vector<Box> boxes;
  lay_out(drawing, 0, -1, 0, next, boxes);
  constexpr double kWidth = 190, kHeight = 92, kBoxWidth = 176, kBoxHeight = 52;
  int64_t deepest = 0;
  for (const Box& box : boxes) deepest = std::max(deepest, box.depth);
  const double width = next * kWidth, height = static_cast<double>(deepest + 1) * kHeight - 30;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"decision tree\" "
      "viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" height=\"{:.0f}\" font-family=\"sans-serif\" "
      "font-size=\"12\" text-anchor=\"middle\">\n",
      width, height, width, height);
  auto middle = [&](const Box& box) { return (box.x + 0.5) * kWidth; };
  auto top = [&](const Box& box) { return static_cast<double>(box.depth) * kHeight + 5; };
  for (const Box& box : boxes) {
    if (box.parent < 0) continue;
    const Box& parent = boxes[static_cast<size_t>(box.parent)];
    const bool left = drawing.node(parent.node).left == box.node;
    out += fmt::format(
        "<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"#888\" fill=\"none\"/>\n"
        "<text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#666\" font-size=\"11\">{}</text>\n",
        middle(parent), top(parent) + kBoxHeight, middle(box), top(box),
        (middle(parent) + middle(box)) / 2 + (left ? -14 : 14),
        (top(parent) + kBoxHeight + top(box)) / 2, left ? "yes" : "no");
  }
  for (const Box& box : boxes) {
    const bool ends = drawing.is_leaf(box.node) || drawing.cut_off(box.depth);
    std::string head = ends ? drawing.answer(box.node) : drawing.test(box.node, true);
    std::string foot = fmt::format("n {}, impurity {:.3g}", drawing.node(box.node).samples,
                                   drawing.node(box.node).impurity);
    if (ends && !drawing.is_leaf(box.node)) foot += fmt::format(", +{}", drawing.below(box.node));
    out += fmt::format(
        "<g><title>{}</title><rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"6\" "
        "fill=\"{}\" stroke=\"#888\"/><text x=\"{:.1f}\" y=\"{:.1f}\" font-weight=\"600\" "
        "fill=\"#111\"{}>{}</text><text x=\"{:.1f}\" y=\"{:.1f}\" fill=\"#333\">{}</text></g>\n",
        escaped(head + "; " + drawing.facts(box.node), false), middle(box) - kBoxWidth / 2,
        top(box), kBoxWidth, kBoxHeight, drawing.colour(box.node), middle(box), top(box) + 21,
        head.size() > 26
            ? fmt::format(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", kBoxWidth - 14)
            : "",
        escaped(head, false), middle(box), top(box) + 40, foot);
  }
  return out + "</svg>\n";
}

}  // namespace espalier
