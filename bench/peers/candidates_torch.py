"""MetaPruning's scoring of width vectors as one would write it in PyTorch: a PruningNet for the CIFAR ResNet makes the
weights of a vector, its norms are measured anew on training pictures, accuracy on others is the score.

    candidates_torch.py --data folder --images 1000 --threads 1

The folder has train/<class>/*. As in the published code each candidate reads its pictures through a DataLoader. Rates are
pictures a second; a candidate looks at twice --images.
"""
import pathlib
import random
import sys

import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

import pace

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "peers"))
import torchvision_on_cpu  # noqa: E402,F401
from torchvision import transforms  # noqa: E402


class MadeConv(nn.Module):
    """A convolution whose weight two small layers make from the shares of the widths around it."""

    def __init__(self, inputs, outputs, shares, stride=1, hidden=32):
        super().__init__()
        self.shape, self.stride = (outputs, inputs, 3, 3), stride
        self.first = nn.Linear(shares, hidden)
        self.second = nn.Linear(hidden, outputs * inputs * 9)

    def forward(self, x, shares, outputs):
        weight = self.second(F.relu(self.first(shares))).view(self.shape)
        return F.conv2d(x, weight[:outputs, :x.shape[1]], stride=self.stride, padding=1)


class Norm(nn.Module):
    """Without scale and shift; statistics of the widths under way, as a cumulative average."""

    def reset(self):
        self.mean, self.variance, self.batches = 0, 0, 0

    def forward(self, x):
        if not self.training:
            return F.batch_norm(x, self.mean, self.variance)
        variance, mean = torch.var_mean(x, (0, 2, 3))
        self.batches += 1
        self.mean = self.mean + (mean - self.mean) / self.batches
        self.variance = self.variance + (variance - self.variance) / self.batches
        return F.batch_norm(x, None, None, training=True)


class Block(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.stride = 1 if inputs == outputs else 2
        self.conv1 = MadeConv(inputs, outputs, 3, self.stride)
        self.conv2 = MadeConv(outputs, outputs, 3)
        self.bn1, self.bn2 = Norm(), Norm()

    def forward(self, x, shares, middle, outputs):
        y = F.relu(self.bn1(self.conv1(x, shares, middle)))
        y = self.bn2(self.conv2(y, shares, outputs))
        if self.stride == 2:
            x = x[:, :, ::2, ::2]
        x = F.pad(x, (0, 0, 0, 0, 0, outputs - x.shape[1])) if x.shape[1] < outputs else x[:, :outputs]
        return F.relu(y + x)


class PruningNet(nn.Module):
    def __init__(self, classes, blocks=3):
        super().__init__()
        self.stem, self.bn = MadeConv(3, 16, 1), Norm()
        self.widths = [16] * blocks + [32] * blocks + [64] * blocks
        inputs = [16] + self.widths[:-1]
        self.blocks = nn.ModuleList(Block(a, b) for a, b in zip(inputs, self.widths))
        self.linear = nn.Linear(64, classes)

    def forward(self, x, stages, middles):
        taken = [int(64 >> (2 - k)) * s // 100 or 1 for k, s in enumerate(stages)]
        x = F.relu(self.bn(self.stem(x, torch.tensor([stages[0] / 100]), taken[0])))
        before = stages[0]
        for i, block in enumerate(self.blocks):
            stage = i * 3 // len(self.blocks)
            shares = torch.tensor([middles[i], before, stages[stage]]) / 100
            x = block(x, shares, max(1, self.widths[i] * middles[i] // 100), taken[stage])
            before = stages[stage]
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        return F.linear(x, self.linear.weight[:, :x.shape[1]], self.linear.bias)


class Pictures(torch.utils.data.Dataset):
    def __init__(self, files, classes):
        self.files, self.classes = files, classes
        self.change = transforms.Compose([transforms.ToTensor(),
                                          transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, i):
        return self.change(Image.open(self.files[i]).convert("RGB")), self.classes[self.files[i].parent.name]


def main():
    parser = pace.arguments(__doc__, batch=64)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--images", type=int, default=1000)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    before = pace.status_mib("VmRSS")
    draw = random.Random(1)
    files = sorted((given.data / "train").glob("*/*"))
    draw.shuffle(files)
    classes = {name: i for i, name in enumerate(sorted({f.parent.name for f in files}))}
    seen, unseen = (Pictures(files[i * given.images:(i + 1) * given.images], classes) for i in (0, 1))
    torch.manual_seed(1)
    net = PruningNet(len(classes))
    norms = [layer for layer in net.modules() if isinstance(layer, Norm)]

    @torch.no_grad()
    def score():
        # About half of the multiply-adds, as the vectors that ours scores.
        stages, middles = ([draw.randrange(50, 92) for _ in range(n)] for n in (3, 9))
        for norm in norms:
            norm.reset()
        net.train()
        for images, _ in torch.utils.data.DataLoader(seen, given.batch):
            net(images, stages, middles)
        net.eval()
        right = 0
        for images, truth in torch.utils.data.DataLoader(unseen, given.batch):
            right += (net(images, stages, middles).argmax(1) == truth).sum().item()
        return 2 * given.images

    pace.measure(given, score, before, contender="torch eager", version=torch.__version__)


main()
