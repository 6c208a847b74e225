#include "espalier/data/orchard.h"

#include "espalier/core/error.h"
#include "espalier/data/orchard_check.h"
#include "espalier/data/orchard_render.h"

namespace espalier {

Fields fields(OrchardConfig& c) {
  return {
      field("kind", c.kind,
            "species differ in shape and colour, twins only in a small mark on some leaves")
          .one_of({"species", "twins"}),
      field("classes", c.classes, "how many kinds of plant").between(2, kMarkShapes),
      field("first", c.first,
            "where in the list of kinds the first class stands; 6 with 6 classes "
            "gives other kinds than 0")
          .between(0, kMarkShapes - 2),
      field("size", c.size, "side of the square pictures, pixels").between(16, 2048),
      field("mark", c.mark, "side of the mark over the side of the picture (twins)")
          .between(0.04, 0.4),
      field("noise", c.noise, "sensor noise, standard deviation over full scale").between(0, 0.5),
      field("spurious", c.spurious,
            "share of training pictures whose background tone follows the class")
          .between(0, 1),
      field("train", c.train, "pictures for training").between(0, 1e9),
      field("val", c.val, "pictures for validation").between(0, 1e9),
      field("test", c.test, "pictures for testing").between(0, 1e9),
      field("seed", c.seed, "another seed is another orchard").between(0, 9e15)};
}

void check_orchard(const OrchardConfig& config) {
  OrchardConfig copy = config;
  const Fields known = fields(copy);
  with_context("orchard", [&] {
    for (const Field& f : known) set_field(known, f.name, field_text(f));
    if (config.first + config.classes > kMarkShapes)
      fail(Kind::usage, "first {} and classes {} go beyond the {} kinds there are", config.first,
           config.classes, kMarkShapes);
  });
}

std::vector<std::string> orchard_class_names(const OrchardConfig& config) {
  std::vector<std::string> names;
  for (int64_t k = config.first; k < config.first + config.classes; ++k)
    names.push_back(config.kind == "twins" ? mark_name(static_cast<MarkShape>(k))
                                           : orchard_species().at(static_cast<size_t>(k)).name);
  return names;
}

const std::vector<std::string>& orchard_instance_names() {
  static const std::vector<std::string> names{"leaf", "fruit", "mark"};
  return names;
}

const std::vector<std::string>& orchard_semantic_names() {
  static const std::vector<std::string> names{"background", "branch", "leaf", "fruit"};
  return names;
}

namespace {

class Orchard : public Dataset {
 public:
  Orchard(const OrchardConfig& config, OrchardSplit split)
      : config_(config), split_(split), names_(orchard_class_names(config)) {}

  int64_t size() const override {
    return split_ == OrchardSplit::train ? config_.train
           : split_ == OrchardSplit::val ? config_.val
                                         : config_.test;
  }

  Sample read(int64_t i, int) const override {
    const Scene scene = compose_scene(config_, split_, i, label(i));
    Sample sample = render_scene(scene, static_cast<int>(config_.size), config_.noise);
    sample.id = id(i);
    return sample;
  }

  std::string id(int64_t i) const override {
    check(i);
    return fmt::format("orchard/{}/{}/{:06}", config_.kind, split_name(split_), i);
  }

  int64_t label(int64_t i) const override {
    check(i);
    // Every block of `classes` pictures is a shuffle of all classes.
    std::vector<int64_t> block;
    for (int64_t k = 0; k < config_.classes; ++k) block.push_back(k);
    Random random = orchard_stream(config_, split_name(split_)).stream("labels");
    random = random.stream(static_cast<uint64_t>(i / config_.classes));
    random.shuffle(block);
    return block[static_cast<size_t>(i % config_.classes)];
  }

  const std::vector<std::string>& class_names() const override { return names_; }

 private:
  void check(int64_t i) const {
    if (i < 0 || i >= size())
      fail(Kind::usage, "orchard: picture {} of {} was asked for", i, size());
  }

  OrchardConfig config_;
  OrchardSplit split_;
  std::vector<std::string> names_;
};

}  // namespace

DatasetPtr make_orchard(const OrchardConfig& config, OrchardSplit split) {
  check_orchard(config);
  return std::make_shared<Orchard>(config, split);
}

}  // namespace espalier
