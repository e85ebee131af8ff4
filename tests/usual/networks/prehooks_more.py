# inputs: 4,3,16,16
import torch
from torch import nn
import torch.nn.functional as F


class EqualLR:
    """ProGAN: the weight is set by a pre-hook"""

    def __init__(self, name):
        self.name = name

    def compute_weight(self, module):
        weight = getattr(module, self.name + '_orig')
        fan_in = weight.data.size(1) * weight.data[0][0].numel()
        return weight * (2 / fan_in) ** 0.5

    @staticmethod
    def apply(module, name):
        fn = EqualLR(name)
        weight = getattr(module, name)
        del module._parameters[name]
        module.register_parameter(name + '_orig', nn.Parameter(weight.data))
        module.register_forward_pre_hook(fn)
        return fn

    def __call__(self, module, input):
        setattr(module, self.name, self.compute_weight(module))


def equal_lr(module, name='weight'):
    EqualLR.apply(module, name)
    return module


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = equal_lr(nn.Conv2d(3, 8, 3, padding=1)), equal_lr(nn.Conv2d(8, 8, 3, 2, 1))
        self.fc = equal_lr(nn.Linear(8 * 64, 5))
        self.c2.register_forward_pre_hook(lambda m, a: (F.pad(a[0], (1, 1, 1, 1))[:, :, 1:-1, 1:-1],))
        self.c2.register_forward_hook(lambda m, a, o: o + a[0][:, :, ::2, ::2])
        self.fc.register_forward_pre_hook(lambda m, a: a[0].flatten(1))
        self.fc.register_forward_hook(lambda m, a, k, o: o.log_softmax(-1), with_kwargs=True)

    def forward(self, x):
        return self.fc(input=None) if x is None else self.fc(self.c2(self.c1(x).relu()))
