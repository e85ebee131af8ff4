# inputs: 2,1,28,28
import torch
from torch import nn
import torch.nn.functional as F


class CoordConv(nn.Module):
    def __init__(self, i, o, with_r=True, **kw):
        super().__init__()
        self.with_r = with_r
        self.conv = nn.Conv2d(i + 2 + with_r, o, **kw)

    def forward(self, t):
        b, _, x_dim, y_dim = t.size()
        xx = torch.arange(x_dim).repeat(1, y_dim, 1)
        yy = torch.arange(y_dim).repeat(1, x_dim, 1).transpose(1, 2)
        xx = xx.float() / (x_dim - 1) * 2 - 1
        yy = yy.float() / (y_dim - 1) * 2 - 1
        xx = xx.repeat(b, 1, 1, 1).transpose(2, 3)
        yy = yy.repeat(b, 1, 1, 1).transpose(2, 3)
        ret = torch.cat([t, xx.type_as(t), yy.type_as(t)], dim=1)
        if self.with_r:
            rr = torch.sqrt(torch.pow(xx.type_as(t) - 0.5, 2) + torch.pow(yy.type_as(t) - 0.5, 2))
            ret = torch.cat([ret, rr], dim=1)
        return self.conv(ret)


class Net(nn.Module):
    def __init__(self):
        super(Net, self).__init__()
        self.conv1 = CoordConv(1, 10, kernel_size=5)
        self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
        self.conv2_drop = nn.Dropout2d()
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)
        self.localization = nn.Sequential(nn.Conv2d(1, 8, kernel_size=7), nn.MaxPool2d(2, stride=2), nn.ReLU(True), nn.Conv2d(8, 10, kernel_size=5), nn.MaxPool2d(2, stride=2), nn.ReLU(True))
        self.fc_loc = nn.Sequential(nn.Linear(10 * 3 * 3, 32), nn.ReLU(True), nn.Linear(32, 3 * 2))
        self.fc_loc[2].weight.data.zero_()
        self.fc_loc[2].bias.data.copy_(torch.tensor([1, 0, 0, 0, 1, 0], dtype=torch.float))

    def stn(self, x):
        xs = self.localization(x)
        xs = xs.view(-1, 10 * 3 * 3)
        theta = self.fc_loc(xs)
        theta = theta.view(-1, 2, 3)
        grid = F.affine_grid(theta, x.size(), align_corners=False)
        return F.grid_sample(x, grid, align_corners=False)

    def forward(self, x):
        x = self.stn(x)
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
        x = x.view(-1, 320)
        x = F.relu(self.fc1(x))
        x = F.dropout(x, training=self.training)
        x = self.fc2(x)
        return F.log_softmax(x, dim=1)
