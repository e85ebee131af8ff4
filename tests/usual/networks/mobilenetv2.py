# inputs: 2,3,64,64
from functools import partial
from typing import Any, Callable, List, Optional
import torch
from torch import Tensor, nn


class Conv2dNormActivation(nn.Sequential):
    def __init__(self, i, o, kernel_size=3, stride=1, groups=1, norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU):
        layers = [nn.Conv2d(i, o, kernel_size, stride, (kernel_size - 1) // 2, groups=groups, bias=norm_layer is None)]
        if norm_layer is not None:
            layers.append(norm_layer(o))
        layers.append(activation_layer(inplace=True))
        super().__init__(*layers)
        self.out_channels = o


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio, norm_layer: Optional[Callable[..., nn.Module]] = None):
        super().__init__()
        self.stride = stride
        if stride not in [1, 2]:
            raise ValueError
        hidden_dim = int(round(inp * expand_ratio))
        self.use_res_connect = self.stride == 1 and inp == oup
        layers: List[nn.Module] = []
        if expand_ratio != 1:
            layers.append(Conv2dNormActivation(inp, hidden_dim, kernel_size=1, norm_layer=norm_layer, activation_layer=nn.ReLU6))
        layers.extend([Conv2dNormActivation(hidden_dim, hidden_dim, stride=stride, groups=hidden_dim, norm_layer=norm_layer, activation_layer=nn.ReLU6), nn.Conv2d(hidden_dim, oup, 1, 1, 0, bias=False), norm_layer(oup)])
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        if self.use_res_connect:
            return x + self.conv(x)
        return self.conv(x)


class Net(nn.Module):
    def __init__(self, num_classes=10, width_mult=0.35):
        super().__init__()
        norm_layer = partial(nn.BatchNorm2d, eps=1e-3)
        md = lambda v: max(8, int(v + 4) // 8 * 8)
        ic, last = md(32 * width_mult), md(1280 * max(1.0, width_mult))
        feats = [Conv2dNormActivation(3, ic, stride=2, norm_layer=norm_layer, activation_layer=nn.ReLU6)]
        for t, c, n, s in [[1, 16, 1, 1], [6, 24, 2, 2], [6, 32, 3, 2], [6, 64, 2, 2], [6, 96, 1, 1], [6, 160, 2, 2], [6, 320, 1, 1]]:
            oc = md(c * width_mult)
            for i in range(n):
                feats.append(InvertedResidual(ic, oc, s if i == 0 else 1, expand_ratio=t, norm_layer=norm_layer))
                ic = oc
        feats.append(Conv2dNormActivation(ic, last, kernel_size=1, norm_layer=norm_layer, activation_layer=nn.ReLU6))
        self.features = nn.Sequential(*feats)
        self.classifier = nn.Sequential(nn.Dropout(p=0.2), nn.Linear(last, num_classes))

    def forward(self, x):
        x = self.features(x)
        x = nn.functional.adaptive_avg_pool2d(x, (1, 1))
        x = torch.flatten(x, 1)
        return self.classifier(x)
