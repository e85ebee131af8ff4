# inputs: 2,3,97,131
import torch
from torch import nn
import torch.nn.functional as F
from collections import OrderedDict


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.ModuleDict(OrderedDict(
            conv1=nn.Conv2d(3, 8, 3, 2, 1), layer1=nn.Conv2d(8, 16, 3, 2, 1), layer2=nn.Conv2d(16, 32, 3, 2, 1), layer3=nn.Conv2d(32, 64, 3, 2, 1)))
        self.return_layers = {'layer1': '0', 'layer2': '1', 'layer3': '2'}

    def forward(self, x):
        out = OrderedDict()
        for name, module in self.body.items():
            x = F.relu_(module(x))
            if name in self.return_layers:
                out[self.return_layers[name]] = x
        return out


class Net(nn.Module):
    def __init__(self, out=24):
        super().__init__()
        self.backbone = Backbone()
        for i, c in enumerate((16, 32, 64)):
            setattr(self, f'inner{i}', nn.Conv2d(c, out, 1))
            setattr(self, 'layer%d' % i, nn.Conv2d(out, out, 3, padding=1))
            if i:
                self.add_module(f'down{i}', nn.Conv2d(out, out, 3, 2, 1))

    def forward(self, images):
        feats = self.backbone(images)
        names = list(feats.keys())
        x = list(feats.values())
        last = getattr(self, f'inner{len(x) - 1}')(x[-1])
        results = [getattr(self, f'layer{len(x) - 1}')(last)]
        for idx in range(len(x) - 2, -1, -1):
            lateral = getattr(self, f'inner{idx}')(x[idx])
            top = F.interpolate(last, size=lateral.shape[-2:], mode="nearest")
            last = lateral + top
            results.insert(0, getattr(self, f'layer{idx}')(last))
        pan = [results[0]]
        for i in range(1, len(results)):
            pan.append(results[i] + getattr(self, f'down{i}')(pan[-1]))
        names.append("pool")
        pan.append(F.max_pool2d(pan[-1], 1, 2, 0))
        return OrderedDict([(k, v) for k, v in zip(names, pan)])
