"""Training steps by PyTorch on one batch: train_torch.py --model resnet18 --batch 32 --mode eager --layout nhwc. SGD as
espalier's loop has it: Nesterov momentum, decay of the weights only, fused."""
import torch

import pace
from networks import make_network

parser = pace.arguments(__doc__)
parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
parser.add_argument("--layout", choices=["nhwc", "nchw"], default="nhwc")
given = parser.parse_args()
torch.set_num_threads(given.threads)
before = pace.status_mib("VmRSS")
layout = torch.channels_last if given.layout == "nhwc" else torch.contiguous_format
network = make_network(given.model).train().to(memory_format=layout)
images = torch.randn(given.batch, 3, given.size, given.size).to(memory_format=layout)
classes = len(network(images[:2]).detach()[0])
targets = torch.randint(classes, (given.batch,))
groups = [{"params": [p for p in network.parameters() if (p.dim() > 1) == decayed], "weight_decay": decay}
          for decayed, decay in ((True, 5e-4), (False, 0))]
optimiser = torch.optim.SGD(groups, lr=1e-3, momentum=0.9, nesterov=True, fused=True)
autocast = torch.autocast("cpu", torch.bfloat16, enabled=given.precision == "bf16")
step_network = torch.compile(network) if given.mode == "compile" else network


def run():
    optimiser.zero_grad(set_to_none=True)
    with autocast:
        logits = step_network(images)
    loss = torch.nn.functional.cross_entropy(logits.float(), targets)
    loss.item()
    loss.backward()
    optimiser.step()
    return given.batch


pace.measure(given, run, before, contender=f"torch {given.mode}", version=torch.__version__)
