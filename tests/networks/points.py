# convlint: target Net 4,3,128
import torch
import torch.nn.functional as F
from torch import nn


class Align(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.k = k
        self.conv1 = nn.Conv1d(k, 16, 1)
        self.conv2 = nn.Conv1d(16, 32, 1)
        self.fc1 = nn.Linear(32, 16)
        self.fc2 = nn.Linear(16, k * k)
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm1d(16), nn.BatchNorm1d(32), nn.BatchNorm1d(16)

    def forward(self, x):
        batch = x.size(0)
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = torch.max(y, 2, keepdim=True)[0].view(-1, 32)
        y = self.fc2(F.relu(self.bn3(self.fc1(y))))
        eye = torch.eye(self.k).view(1, self.k * self.k).repeat(batch, 1)
        return (y + eye).view(-1, self.k, self.k)


class Net(nn.Module):
    def __init__(self, classes=5):
        super().__init__()
        self.align = Align(3)
        self.conv1 = nn.Conv1d(3, 16, 1)
        self.feature = Align(16)
        self.conv2 = nn.Conv1d(16, 64, 1)
        self.seg1 = nn.Conv1d(64 + 16, 32, 1)
        self.seg2 = nn.Conv1d(32, classes, 1)

    def forward(self, x):
        count = x.shape[2]
        x = torch.bmm(x.transpose(2, 1), self.align(x)).transpose(2, 1)
        x = F.relu(self.conv1(x))
        x = torch.einsum("bcn,bcd->bdn", x, self.feature(x))
        g = self.conv2(x).amax(2, keepdim=True).expand(-1, -1, count)
        y = self.seg2(F.relu(self.seg1(torch.cat([g, x], 1))))
        neighbours = torch.cdist(x.transpose(1, 2), x.transpose(1, 2)).topk(4, largest=False)[1]
        index = neighbours.unsqueeze(1).expand(-1, y.size(1), -1, -1).flatten(2)
        local = y.gather(2, index).unflatten(2, (count, 4)).mean(-1)
        return (y + local).transpose(2, 1).contiguous().log_softmax(-1)
