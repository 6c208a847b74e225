#include "espalier/prune/subject.h"

#include "espalier/deploy/trace.h"
#include "espalier/tensor/torch.h"

namespace espalier {

PruneSubject::PruneSubject(const std::string& run)
    : model(load_model(run, "classify")),
      input({1, static_cast<int64_t>(model.meta.mean.size()), model.meta.input_size,
             model.meta.input_size}),
      graph(trace(*model.net, at::zeros(input))),
      structure(read_structure(*model.net, graph, input)),
      cost(*model.net, graph, structure, input) {}

}  // namespace espalier
