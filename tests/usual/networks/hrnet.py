# inputs: 2,3,64,64
import torch
import torch.nn as nn
import torch.nn.functional as F

BN_MOMENTUM = 0.1


def conv3x3(i, o, s=1):
    return nn.Conv2d(i, o, 3, s, 1, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = nn.BatchNorm2d(planes, momentum=BN_MOMENTUM)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = nn.BatchNorm2d(planes, momentum=BN_MOMENTUM)
        self.downsample = downsample

    def forward(self, x):
        residual = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            residual = self.downsample(x)
        out += residual
        return self.relu(out)


class HRModule(nn.Module):
    def __init__(self, num_branches, num_channels, multi_scale_output=True):
        super().__init__()
        self.num_branches = num_branches
        self.multi_scale_output = multi_scale_output
        self.branches = nn.ModuleList([nn.Sequential(*[BasicBlock(c, c) for _ in range(2)]) for c in num_channels])
        fuse_layers = []
        for i in range(num_branches if multi_scale_output else 1):
            fuse_layer = []
            for j in range(num_branches):
                if j > i:
                    fuse_layer.append(nn.Sequential(nn.Conv2d(num_channels[j], num_channels[i], 1, 1, 0, bias=False), nn.BatchNorm2d(num_channels[i]), nn.Upsample(scale_factor=2 ** (j - i), mode='nearest')))
                elif j == i:
                    fuse_layer.append(None)
                else:
                    conv3x3s = []
                    for k in range(i - j):
                        if k == i - j - 1:
                            conv3x3s.append(nn.Sequential(nn.Conv2d(num_channels[j], num_channels[i], 3, 2, 1, bias=False), nn.BatchNorm2d(num_channels[i])))
                        else:
                            conv3x3s.append(nn.Sequential(nn.Conv2d(num_channels[j], num_channels[j], 3, 2, 1, bias=False), nn.BatchNorm2d(num_channels[j]), nn.ReLU(True)))
                    fuse_layer.append(nn.Sequential(*conv3x3s))
            fuse_layers.append(nn.ModuleList(fuse_layer))
        self.fuse_layers = nn.ModuleList(fuse_layers)
        self.relu = nn.ReLU(True)

    def forward(self, x):
        if self.num_branches == 1:
            return [self.branches[0](x[0])]
        for i in range(self.num_branches):
            x[i] = self.branches[i](x[i])
        x_fuse = []
        for i in range(len(self.fuse_layers)):
            y = x[0] if i == 0 else self.fuse_layers[i][0](x[0])
            for j in range(1, self.num_branches):
                if i == j:
                    y = y + x[j]
                else:
                    y = y + self.fuse_layers[i][j](x[j])
            x_fuse.append(self.relu(y))
        return x_fuse


class Net(nn.Module):
    def __init__(self, c=8):
        super().__init__()
        self.stem = nn.Sequential(conv3x3(3, 16, 2), nn.BatchNorm2d(16), nn.ReLU(True), conv3x3(16, 16, 2), nn.BatchNorm2d(16), nn.ReLU(True))
        self.transition1 = self._make_transition_layer([16], [c, 2 * c])
        self.stage2 = nn.Sequential(HRModule(2, [c, 2 * c]))
        self.transition2 = self._make_transition_layer([c, 2 * c], [c, 2 * c, 4 * c])
        self.stage3 = nn.Sequential(HRModule(3, [c, 2 * c, 4 * c]), HRModule(3, [c, 2 * c, 4 * c], True))
        self.final = nn.Conv2d(7 * c, 17, 1)

    def _make_transition_layer(self, pre, cur):
        layers = []
        for i in range(len(cur)):
            if i < len(pre):
                if cur[i] != pre[i]:
                    layers.append(nn.Sequential(nn.Conv2d(pre[i], cur[i], 3, 1, 1, bias=False), nn.BatchNorm2d(cur[i]), nn.ReLU(inplace=True)))
                else:
                    layers.append(None)
            else:
                conv3x3s = []
                for j in range(i + 1 - len(pre)):
                    inchannels = pre[-1]
                    outchannels = cur[i] if j == i - len(pre) else inchannels
                    conv3x3s.append(nn.Sequential(nn.Conv2d(inchannels, outchannels, 3, 2, 1, bias=False), nn.BatchNorm2d(outchannels), nn.ReLU(inplace=True)))
                layers.append(nn.Sequential(*conv3x3s))
        return nn.ModuleList(layers)

    def forward(self, x):
        x = self.stem(x)
        x_list = []
        for i in range(2):
            if self.transition1[i] is not None:
                x_list.append(self.transition1[i](x))
            else:
                x_list.append(x)
        y_list = self.stage2(x_list)
        x_list = []
        for i in range(3):
            if self.transition2[i] is not None:
                x_list.append(self.transition2[i](y_list[-1]))
            else:
                x_list.append(y_list[i])
        x = self.stage3(x_list)
        h, w = x[0].size(2), x[0].size(3)
        x1 = F.interpolate(x[1], size=(h, w), mode='bilinear', align_corners=False)
        x2 = F.interpolate(x[2], size=(h, w), mode='bilinear', align_corners=False)
        x = torch.cat([x[0], x1, x2], 1)
        return self.final(x)
