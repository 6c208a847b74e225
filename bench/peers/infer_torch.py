"""Inference by PyTorch: infer_torch.py --model resnet50 --mode compile --precision bf16. channels_last; compile freezes
the weights."""
import torch

import pace
from networks import make_network

parser = pace.arguments(__doc__)
parser.add_argument("--mode", choices=["eager", "compile"], default="eager")
given = parser.parse_args()
torch.set_num_threads(given.threads)
network = make_network(given.model)
before = pace.status_mib("VmRSS")
network = network.eval().to(memory_format=torch.channels_last)
images = torch.randn(given.batch, 3, given.size, given.size).to(memory_format=torch.channels_last)
autocast = torch.autocast("cpu", torch.bfloat16, enabled=given.precision == "bf16")
if given.mode == "compile":
    import torch._inductor.config
    torch._inductor.config.freezing = True
    network = torch.compile(network)


def run():
    with torch.no_grad(), autocast:
        return len(network(images))


pace.measure(given, run, before, contender=f"torch {given.mode}", version=torch.__version__)
