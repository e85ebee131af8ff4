# inputs: 4,3,16,16
import torch
from torch import nn
import torch.nn.utils.prune as prune
from torch.nn.utils.fusion import fuse_conv_bn_eval


class LSQ(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, alpha, g, Qn, Qp):
        ctx.save_for_backward(x, alpha)
        ctx.other = g, Qn, Qp
        return (x / alpha).round().clamp(Qn, Qp) * alpha

    @staticmethod
    def backward(ctx, gw):
        x, alpha = ctx.saved_tensors
        g, Qn, Qp = ctx.other
        return gw, (gw * x).sum().unsqueeze(0) * g, None, None, None


class QConv(nn.Conv2d):
    def __init__(self, *a, bits=4, **k):
        super().__init__(*a, **k)
        self.alpha = nn.Parameter(torch.ones(1))
        self.register_buffer('init_state', torch.zeros(1))
        self.Qn, self.Qp = -2 ** (bits - 1), 2 ** (bits - 1) - 1

    def forward(self, x):
        if self.training and self.init_state == 0:
            self.alpha.data.copy_(2 * self.weight.abs().mean() / self.Qp ** 0.5)
            self.init_state.fill_(1)
        g = 1.0 / (self.weight.numel() * self.Qp) ** 0.5
        w_q = LSQ.apply(self.weight, self.alpha, g, self.Qn, self.Qp)
        return nn.functional.conv2d(x, w_q, self.bias, self.stride, self.padding, self.dilation, self.groups)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1, self.c2 = QConv(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)
        prune.l1_unstructured(self.c2, "weight", amount=0.3)
        prune.random_structured(self.c2, "weight", amount=2, dim=0)
        self.fc = nn.Linear(8, 4)
        prune.custom_from_mask(self.fc, "bias", torch.tensor([1, 0, 1, 1]))
        bn = nn.BatchNorm2d(8).eval()
        self.fused = fuse_conv_bn_eval(nn.Conv2d(8, 8, 1).eval(), bn)

    def forward(self, x):
        return self.fc(self.fused(self.c2(self.c1(x).relu()).relu()).mean((2, 3)))
