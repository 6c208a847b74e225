#include "espalier/prune/subject.h"

#include "espalier/deploy/trace.h"
#include "espalier/tensor/torch.h"

namespace espalier {

PruneSubject::PruneSubject(const std::string& run) : PruneSubject(load_model(run, "classify")) {}

PruneSubject::PruneSubject(LoadedModel loaded)
    : model(std::move(loaded)),
      input({1, static_cast<int64_t>(model.meta.mean.size()), model.meta.input_size,
             model.meta.input_size}),
      graph(trace(*model.net, at::zeros(input))),
      structure(read_structure(*model.net, graph, input)),
      cost(*model.net, graph, structure, input) {}

}  // namespace espalier
