#include "espalier/tabular/pca_layer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "espalier/core/error.h"
#include "espalier/core/random.h"
#include "espalier/tabular/as_tensor.h"
#include "espalier/tabular/pca.h"
#include "espalier/tensor/torch.h"

namespace espalier {
namespace {

at::Tensor random_tensor(int64_t rows, int64_t columns, double deviation, Random& random) {
  at::Tensor values = at::empty({rows, columns}, at::kDouble);
  for (int64_t i = 0; i < values.numel(); ++i)
    values.data_ptr<double>()[i] = deviation * random.normal();
  return values;
}

struct Adam {
  at::Tensor first, second;

  void step(at::Tensor& weights, const at::Tensor& gradient, double rate, int64_t number) {
    constexpr double kFirst = 0.9, kSecond = 0.999;
    if (!first.defined()) first = at::zeros_like(weights), second = at::zeros_like(weights);
    first = kFirst * first + (1 - kFirst) * gradient;
    second = kSecond * second + (1 - kSecond) * gradient.square();
    const auto n = static_cast<double>(number);
    weights -= rate / (1 - std::pow(kFirst, n)) * first /
               ((second / (1 - std::pow(kSecond, n))).sqrt() + 1e-12);
  }
};

// All rows at once: error and gradients need their covariance alone. In units of the largest deviation, so that one rate
// suits every table. Returns the encoder.
at::Tensor learn_autoencoder(const LayerPcaConfig& config,
                             const at::Tensor& x,
                             Random random,
                             at::Tensor& decoder) {
  const at::Tensor covariance = at::mm(x.t(), x) / x.size(0);
  const at::Tensor scaled = covariance / covariance.diagonal().max();
  const int64_t columns = x.size(1), steps = config.steps > 0 ? config.steps : 2000;
  const double start = 1 / std::sqrt(static_cast<double>(columns));
  at::Tensor encoder = random_tensor(config.components, columns, start, random);
  decoder = random_tensor(columns, config.components, start, random);
  Adam of_encoder, of_decoder;
  for (int64_t step = 1; step <= steps; ++step) {
    // Of |x - D E x|^2 with the residue R = I - D E: tr(R C R').
    const at::Tensor rest = (at::eye(columns, at::kDouble) - at::mm(decoder, encoder)).mm(scaled);
    const at::Tensor by_decoder = -2 * at::mm(rest, encoder.t());
    const at::Tensor by_encoder = -2 * at::mm(decoder.t(), rest);
    const double done = static_cast<double>(step) / static_cast<double>(steps);
    const double rate =
        (config.rate > 0 ? config.rate : 0.01) / 2 * (1 + std::cos(std::numbers::pi * done));
    of_decoder.step(decoder, by_decoder, rate, step);
    of_encoder.step(encoder, by_encoder, rate, step);
  }
  return encoder;
}

// Oja's and Sanger's rules, a row after the other in a new order each pass.
at::Tensor learn_by_rows(const LayerPcaConfig& config, const at::Tensor& x, Random random) {
  const int64_t rows = x.size(0), columns = x.size(1), k = config.components;
  const bool ordered = config.method == "sanger";
  at::Tensor weights =
      random_tensor(k, columns, 1 / std::sqrt(static_cast<double>(columns)), random);
  const double longest = x.square().sum(1).max().item<double>();
  const double rate = config.rate > 0 ? config.rate : 0.1 / std::max(longest, 1e-300);
  const int64_t passes = config.steps > 0 ? config.steps : 400;
  std::vector<int64_t> order(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) order[static_cast<size_t>(i)] = i;
  std::vector<double> y(static_cast<size_t>(k)), rest(static_cast<size_t>(columns));
  double* w = weights.data_ptr<double>();
  for (int64_t pass = 0; pass < passes; ++pass) {
    // Falls with 1 / pass: what one row pulls about has to die away.
    const double eta = rate / (1 + static_cast<double>(pass) / 10);
    random.shuffle(order);
    for (const int64_t r : order) {
      const double* row = x.data_ptr<double>() + r * columns;
      for (int64_t i = 0; i < k; ++i) {
        double sum = 0;
        for (int64_t c = 0; c < columns; ++c) sum += w[i * columns + c] * row[c];
        y[static_cast<size_t>(i)] = sum;
      }
      std::copy_n(row, columns, rest.begin());
      auto explain = [&](int64_t i) {
        for (int64_t c = 0; c < columns; ++c)
          rest[static_cast<size_t>(c)] -= y[static_cast<size_t>(i)] * w[i * columns + c];
      };
      auto learn = [&](int64_t i) {
        for (int64_t c = 0; c < columns; ++c)
          w[i * columns + c] += eta * y[static_cast<size_t>(i)] * rest[static_cast<size_t>(c)];
      };
      if (ordered)
        for (int64_t i = 0; i < k; ++i) explain(i), learn(i);
      else {
        for (int64_t i = 0; i < k; ++i) explain(i);
        for (int64_t i = 0; i < k; ++i) learn(i);
      }
    }
    if (!weights.isfinite().all().item<bool>())
      fail(Kind::usage, "the weights left all bounds at rate {:.3g}; below {:.3g} they stay", rate,
           0.1 / longest);
  }
  return weights;
}

std::vector<double> row_cosines(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor cosine = ((a * b).sum(1) / (a.norm(2, 1) * b.norm(2, 1))).abs().contiguous();
  return {cosine.data_ptr<double>(), cosine.data_ptr<double>() + cosine.numel()};
}

double smallest(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

// Where sums do not depend on the number of threads.
LayerPca learn_alone(const LayerPcaConfig& config, MatrixView<double> table) {
  torch::NoGradGuard guard;
  LayerPcaConfig checked = config;
  for (const Field& f : fields(checked)) set_field({f}, f.name, field_text(f));
  const Pca<double> exact =
      fit_pca<double>({.components = config.components, .solver = "full"}, table);
  at::Tensor x = at::empty({table.rows, table.columns}, at::kDouble);
  for (int64_t r = 0; r < table.rows; ++r)
    for (int64_t c = 0; c < table.columns; ++c)
      x.data_ptr<double>()[r * table.columns + c] =
          table(r, c) - exact.mean[static_cast<size_t>(c)];
  const Random random(static_cast<uint64_t>(config.seed));
  at::Tensor decoder;
  const at::Tensor encoder = config.method == "autoencoder"
                                 ? learn_autoencoder(config, x, random, decoder)
                                 : learn_by_rows(config, x, random);
  // The space that the layer reconstructs from.
  const at::Tensor space = decoder.defined() ? decoder.t() : encoder;
  const at::Tensor basis = std::get<0>(at::linalg_qr(space.t(), "reduced")).t();
  // Within it, the principal axes of the codes.
  const at::Tensor codes = at::mm(x, basis.t());
  const at::Tensor turn = std::get<1>(at::linalg_eigh(at::mm(codes.t(), codes))).flip(1).t();
  const at::Tensor turned = at::mm(turn, basis), truth = as_tensor(exact.components.view());
  LayerPca found{
      .method = config.method, .weights = as_matrix(encoder), .turned = as_matrix(turned)};
  found.angles = principal_angles(as_matrix(space), exact.components);
  found.cosines = row_cosines(space, truth);
  found.turned_cosines = row_cosines(turned, truth);
  const at::Tensor rebuilt =
      decoder.defined() ? at::mm(at::mm(x, encoder.t()), decoder.t()) : at::mm(codes, basis);
  const double all = x.square().sum().item<double>();
  const double best = all - at::mm(x, truth.t()).square().sum().item<double>();
  found.excess = best > 1e-12 * all ? (x - rebuilt).square().sum().item<double>() / best - 1 : 0;
  return found;
}

}  // namespace

Fields fields(LayerPcaConfig& c) {
  return {
      field("method", c.method, "how the layer learns").one_of({"autoencoder", "oja", "sanger"}),
      field("components", c.components, "units of the layer").between(1, 1e6),
      field("steps", c.steps, "of Adam on all rows, or passes over the rows; 0: 2000, 400")
          .between(0, 1e9),
      field("rate", c.rate, "length of a step; 0: chosen").between(0, 1e9),
      field("seed", c.seed, "of the first weights and the order of rows").between(0, 9e15)};
}

std::vector<double> principal_angles(const Matrix<double>& a, const Matrix<double>& b) {
  torch::NoGradGuard guard;
  if (a.columns != b.columns || a.rows < 1 || b.rows < 1)
    fail(Kind::usage, "angles between spaces of {} and {} columns", a.columns, b.columns);
  at::Tensor first = std::get<0>(at::linalg_qr(as_tensor(a.view()).t(), "reduced"));
  at::Tensor second = std::get<0>(at::linalg_qr(as_tensor(b.view()).t(), "reduced"));
  if (first.size(1) < second.size(1)) std::swap(first, second);
  // Small angles by their sine, of what the wider space lacks; large ones by their cosine.
  const at::Tensor common = at::mm(first.t(), second);
  const at::Tensor sines = at::linalg_svdvals(second - at::mm(first, common)).flip(0);
  const at::Tensor cosines = at::linalg_svdvals(common);
  std::vector<double> angles;
  for (int64_t i = cosines.numel() - 1; i >= 0; --i) {
    const double sine = std::min(1.0, sines[i].item<double>());
    const double cosine = std::min(1.0, cosines[i].item<double>());
    angles.push_back((cosine > std::numbers::sqrt2 / 2 ? std::asin(sine) : std::acos(cosine)) *
                     180 / std::numbers::pi);
  }
  return angles;
}

LayerPca learn_pca_layer(const LayerPcaConfig& config, MatrixView<double> table) {
  LayerPca found;
  on_one_thread([&] { found = learn_alone(config, table); });
  return found;
}

std::string LayerPca::text() const {
  std::string out = fmt::format(
      "One linear layer, {}, against exact PCA with {} components\n"
      "  largest angle between the spaces     {:.4f} degrees\n"
      "  reconstruction error above the best  {:.2e}\n"
      "  |cos| of its rows and the components {:.3f} at worst\n"
      "  |cos| after turning the codes        {:.6f} at worst\n",
      method, weights.rows, angles[0], excess, smallest(cosines), smallest(turned_cosines));
  if (method == "autoencoder")
    out +=
        "Learnt: the space of the components, and so the best reconstruction. Not learnt: the "
        "components. Any\n"
        "invertible mixture of them reconstructs as well, so its rows need be neither orthogonal "
        "nor ordered; turning\n"
        "the codes to their principal axes gives the components.\n";
  else if (method == "oja")
    out +=
        "Learnt: an orthonormal basis of the space of the components. Not learnt: the components. "
        "Every turn of the\n"
        "basis within the space satisfies the rule as well; turning the codes to their principal "
        "axes gives them.\n";
  else
    out +=
        "Learnt: the components themselves, in order, up to sign, for unit i sees only what the "
        "units before it left\n"
        "over. Not learnt exactly: components of nearly equal variance, which take long to tell "
        "apart.\n";
  return out;
}

}  // namespace espalier
