"""Loading by PyTorch's DataLoader, torchvision's transforms and Pillow: load_torch.py --data FOLDER --workers 2. Bytes,
as ours: PILToTensor, not ToTensor."""
import torch
from torch.utils.data import DataLoader

import pace
import networks  # noqa: F401  (finds torchvision_on_cpu)
import torchvision_on_cpu  # noqa: F401
from torchvision import datasets, transforms

parser = pace.arguments(__doc__, batch=32)
parser.add_argument("--data", required=True)
parser.add_argument("--workers", type=int, default=2)
parser.add_argument("--min-area", type=float, default=0.08)
given = parser.parse_args()
torch.set_num_threads(1)
before = pace.status_mib("VmRSS")
augment = transforms.Compose([transforms.RandomResizedCrop(given.size, scale=(given.min_area, 1)),
                              transforms.RandomHorizontalFlip(), transforms.PILToTensor()])
loader = DataLoader(datasets.ImageFolder(given.data, augment), batch_size=given.batch, shuffle=True,
                    num_workers=given.workers, persistent_workers=given.workers > 0, drop_last=True)
batches = iter(loader)


def run():
    global batches
    try:
        images, _ = next(batches)
    except StopIteration:
        batches = iter(loader)
        images, _ = next(batches)
    return len(images)


pace.measure(given, run, before, contender="torch DataLoader", version=torch.__version__)
