#include "espalier/deploy/network.h"

#include <list>
#include <mutex>
#include <optional>

#include "espalier/core/error.h"
#include "espalier/core/progress.h"
#include "espalier/deploy/fuse.h"
#include "espalier/deploy/run_graph.h"
#include "espalier/deploy/shapes.h"
#include "espalier/tensor/latency.h"
#include "espalier/tensor/torch.h"
#ifdef ESPALIER_ONEDNN
#include "espalier/deploy/onednn/plan.h"
#endif

namespace espalier {

Fields fields(NetworkConfig& config) {
  return {field("runtime", config.runtime,
                "what computes an exported network; auto: onednn where it is there")
              .one_of({"auto", "onednn", "libtorch"}),
          field("precision", config.precision,
                "numbers that an exported network computes in; auto: bf16 where it is faster and "
                "as good")
              .one_of({"fp32", "bf16", "auto"})};
}

bool has_onednn() {
#ifdef ESPALIER_ONEDNN
  return true;
#else
  return false;
#endif
}

namespace {

class Engine {
 public:
  virtual ~Engine() = default;
  virtual at::Tensor run(const at::Tensor& images) = 0;
  virtual std::string profile(const at::Tensor& images, int rounds) = 0;
};

class TorchEngine : public Engine {
 public:
  TorchEngine(Graph graph, Precision precision)
      : runner_(std::move(graph)), precision_(precision) {}

  at::Tensor run(const at::Tensor& images) override {
    Autocast scope(precision_);
    return runner_.run(images).to(at::kFloat);
  }
  std::string profile(const at::Tensor&, int) override {
    fail(Kind::unsupported, "only the runtime onednn has a profile of its steps");
  }

 private:
  GraphRunner runner_;
  Precision precision_;
};

#ifdef ESPALIER_ONEDNN
class OneDnnEngine : public Engine {
 public:
  // Of a graph that check_runnable has seen.
  OneDnnEngine(Graph graph, Precision precision) : graph_(std::move(graph)), precision_(precision) {
    merge_rounded_sums(graph_);
  }

  at::Tensor run(const at::Tensor& images) override {
    try {
      return plan_for(images).run(images);
    } catch (const dnnl::error& error) {
      fail(Kind::unsupported, "oneDNN: {}", error.what());
    } catch (const c10::Error& error) {
      fail(Kind::unsupported, "LibTorch: {}", error.what_without_backtrace());
    }
  }
  std::string profile(const at::Tensor& images, int rounds) override {
    return plan_for(images).profile(images, rounds);
  }

 private:
  static constexpr size_t kPlans = 4;
  struct Kept {
    Shape shape;  // of float32 images: no others are planned for
    bool channels_last;
    int threads;
    onednn::Plan plan;
  };

  onednn::Plan& plan_for(const at::Tensor& images) {
    Shape shape = images.sizes().vec();
    bool channels_last = lies_channels_last(images);
    int threads = at::get_num_threads();
    for (auto kept = plans_.begin(); kept != plans_.end(); ++kept)
      if (images.scalar_type() == at::kFloat && kept->shape == shape &&
          kept->channels_last == channels_last && kept->threads == threads) {
        plans_.splice(plans_.begin(), plans_, kept);
        return kept->plan;
      }
    while (plans_.size() >= kPlans) plans_.pop_back();
    auto shapes = shapes_for(graph_, images);
    if (!arrangement_) arrangement_ = onednn::usual_arrangement(graph_, shapes, precision_);
    plans_.push_front({.shape = shape,
                       .channels_last = channels_last,
                       .threads = threads,
                       .plan = onednn::Plan(onednn::build_layout(
                           graph_, shapes, weights_, precision_, *arrangement_, channels_last))});
    return plans_.front().plan;
  }

  static bool lies_channels_last(const at::Tensor& images) {
    return images.dim() == 4 && !images.is_contiguous();
  }

  Graph graph_;
  Precision precision_;
  std::optional<onednn::Arrangement> arrangement_;  // as the first images suggest
  onednn::Weights weights_;
  std::list<Kept> plans_;  // the last used first
};
#endif

std::unique_ptr<Engine> make_engine(const std::string& runtime, Graph graph, Precision precision) {
#ifdef ESPALIER_ONEDNN
  if (runtime == "onednn") return std::make_unique<OneDnnEngine>(std::move(graph), precision);
#endif
  return std::make_unique<TorchEngine>(std::move(graph), precision);
}

constexpr double kError = 0.05;  // of the largest answer, that bf16 may be off

}  // namespace

struct Network::State {
  std::string runtime;
  Precision precision = Precision::fp32;
  std::unique_ptr<Engine> engine;
  std::optional<Graph> undecided;  // with precision "auto", until the first images
  std::mutex running;

  // The images as engines take them; what is undecided is decided on them.
  at::Tensor prepare(const at::Tensor& images);
  void decide(const at::Tensor& images);
};

// Times and compares both precisions on the images; the loser is let go.
void Network::State::decide(const at::Tensor& images) {
  engine = make_engine(runtime, *undecided, Precision::fp32);
  at::Tensor wanted = engine->run(images);  // images that do not fit decide nothing
  Graph graph = std::move(*undecided);
  undecided.reset();
  if (!processor_has_bf16()) return;
  std::unique_ptr<Engine> half = make_engine(runtime, std::move(graph), Precision::bf16);
  at::Tensor given = half->run(images);
  double scale = wanted.abs().max().item<double>();
  double error = (wanted - given).abs().max().item<double>() / std::max(scale, 1e-12);
  double plain_time = median_milliseconds([&] { engine->run(images); });
  double half_time = median_milliseconds([&] { half->run(images); });
  bool chosen = error <= kError && plain_time >= kGainOfBf16 * half_time;
  say(fmt::format(
      "precision: {} (images of {}: {:.1f} ms in fp32, {:.1f} ms in bf16, whose answers "
      "differ by {:.1f} %)",
      chosen ? "bf16" : "fp32", shape_text(images.sizes().vec()), plain_time, half_time,
      error * 100));
  if (!chosen) return;
  precision = Precision::bf16;
  engine = std::move(half);
}

at::Tensor Network::State::prepare(const at::Tensor& images) {
  at::Tensor dense =
      images.is_contiguous(at::MemoryFormat::ChannelsLast) ? images : images.contiguous();
  if (undecided) decide(dense);
  return dense;
}

Network::Network(Graph graph, NetworkConfig config) : state_(std::make_unique<State>()) {
  check_runnable(graph);
  if (config.runtime == "onednn" && !has_onednn())
    fail(Kind::unsupported, "this program was built without oneDNN; use --runtime libtorch");
  if (config.runtime != "auto" && config.runtime != "onednn" && config.runtime != "libtorch")
    fail(Kind::usage, "runtime: '{}' is not auto, onednn or libtorch", config.runtime);
  state_->runtime =
      config.runtime == "auto" ? (has_onednn() ? "onednn" : "libtorch") : config.runtime;
  if (config.precision == "auto") {
    state_->undecided = std::move(graph);
    return;
  }
  if (config.precision != "fp32" && config.precision != "bf16")
    fail(Kind::usage, "precision: '{}' is not auto, fp32 or bf16", config.precision);
  state_->precision = config.precision == "bf16" ? Precision::bf16 : Precision::fp32;
  state_->engine = make_engine(state_->runtime, std::move(graph), state_->precision);
}

Network::Network(Network&&) noexcept = default;
Network::~Network() = default;

at::Tensor Network::run(const at::Tensor& images) {
  std::lock_guard<std::mutex> lock(state_->running);
  torch::NoGradGuard no_gradients;
  at::Tensor dense = state_->prepare(images);
  return state_->engine->run(dense);
}

const std::string& Network::runtime() const {
  return state_->runtime;
}
Precision Network::precision() const {
  return state_->precision;
}

std::string Network::profile(const at::Tensor& images, int rounds) {
  std::lock_guard<std::mutex> lock(state_->running);
  torch::NoGradGuard no_gradients;
  at::Tensor dense = state_->prepare(images);
  return state_->engine->profile(dense, rounds);
}

}  // namespace espalier
