# inputs: 2,64,3
import torch
import torch.nn as nn
import torch.nn.functional as F


def square_distance(src, dst):
    B, N, _ = src.shape
    _, M, _ = dst.shape
    dist = -2 * torch.matmul(src, dst.permute(0, 2, 1))
    dist += torch.sum(src ** 2, -1).view(B, N, 1)
    dist += torch.sum(dst ** 2, -1).view(B, 1, M)
    return dist


def index_points(points, idx):
    device = points.device
    B = points.shape[0]
    view_shape = list(idx.shape)
    view_shape[1:] = [1] * (len(view_shape) - 1)
    repeat_shape = list(idx.shape)
    repeat_shape[0] = 1
    batch_indices = torch.arange(B, dtype=torch.long).to(device).view(view_shape).repeat(repeat_shape)
    return points[batch_indices, idx, :]


def farthest_point_sample(xyz, npoint):
    B, N, C = xyz.shape
    centroids = torch.zeros(B, npoint, dtype=torch.long)
    distance = torch.ones(B, N) * 1e10
    farthest = torch.randint(0, N, (B,), dtype=torch.long)
    batch_indices = torch.arange(B, dtype=torch.long)
    for i in range(npoint):
        centroids[:, i] = farthest
        centroid = xyz[batch_indices, farthest, :].view(B, 1, 3)
        dist = torch.sum((xyz - centroid) ** 2, -1)
        mask = dist < distance
        distance[mask] = dist[mask]
        farthest = torch.max(distance, -1)[1]
    return centroids


def query_ball_point(radius, nsample, xyz, new_xyz):
    B, N, C = xyz.shape
    _, S, _ = new_xyz.shape
    group_idx = torch.arange(N, dtype=torch.long).view(1, 1, N).repeat([B, S, 1])
    sqrdists = square_distance(new_xyz, xyz)
    group_idx[sqrdists > radius ** 2] = N
    group_idx = group_idx.sort(dim=-1)[0][:, :, :nsample]
    group_first = group_idx[:, :, 0].view(B, S, 1).repeat([1, 1, nsample])
    mask = group_idx == N
    group_idx[mask] = group_first[mask]
    return group_idx


class SA(nn.Module):
    def __init__(self, npoint, radius, nsample, in_channel, mlp, group_all):
        super().__init__()
        self.npoint, self.radius, self.nsample = npoint, radius, nsample
        self.mlp_convs, self.mlp_bns = nn.ModuleList(), nn.ModuleList()
        last = in_channel
        for o in mlp:
            self.mlp_convs.append(nn.Conv2d(last, o, 1))
            self.mlp_bns.append(nn.BatchNorm2d(o))
            last = o
        self.group_all = group_all

    def forward(self, xyz, points):
        if self.group_all:
            new_xyz = torch.zeros(xyz.shape[0], 1, 3)
            grouped = xyz.view(xyz.shape[0], 1, *xyz.shape[1:])
            new_points = torch.cat([grouped, points.unsqueeze(1)], dim=-1) if points is not None else grouped
        else:
            fps_idx = farthest_point_sample(xyz, self.npoint)
            new_xyz = index_points(xyz, fps_idx)
            idx = query_ball_point(self.radius, self.nsample, xyz, new_xyz)
            grouped_xyz = index_points(xyz, idx)
            new_points = grouped_xyz - new_xyz.view(xyz.shape[0], self.npoint, 1, 3)
            if points is not None:
                new_points = torch.cat([new_points, index_points(points, idx)], dim=-1)
        new_points = new_points.permute(0, 3, 2, 1)
        for i, conv in enumerate(self.mlp_convs):
            new_points = F.relu(self.mlp_bns[i](conv(new_points)))
        return new_xyz, torch.max(new_points, 2)[0].permute(0, 2, 1)


class FP(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv1d(i, o, 1)

    def forward(self, xyz1, xyz2, points1, points2):
        B, N, C = xyz1.shape
        _, S, _ = xyz2.shape
        if S == 1:
            interpolated = points2.repeat(1, N, 1)
        else:
            dists = square_distance(xyz1, xyz2)
            dists, idx = dists.sort(dim=-1)
            dists, idx = dists[:, :, :3], idx[:, :, :3]
            dist_recip = 1.0 / (dists + 1e-8)
            weight = dist_recip / torch.sum(dist_recip, dim=2, keepdim=True)
            interpolated = torch.sum(index_points(points2, idx) * weight.view(B, N, 3, 1), dim=2)
        new = torch.cat([points1, interpolated], dim=-1) if points1 is not None else interpolated
        return F.relu(self.conv(new.permute(0, 2, 1))).permute(0, 2, 1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.sa1 = SA(32, 0.4, 8, 3, [16, 16], False)
        self.sa2 = SA(8, 0.8, 4, 16 + 3, [24, 32], False)
        self.sa3 = SA(None, None, None, 32 + 3, [32, 64], True)
        self.fp3, self.fp2, self.fp1 = FP(96, 48), FP(64, 32), FP(32, 16)
        self.head = nn.Conv1d(16, 6, 1)

    def forward(self, xyz):
        l1, p1 = self.sa1(xyz, None)
        l2, p2 = self.sa2(l1, p1)
        l3, p3 = self.sa3(l2, p2)
        p2 = self.fp3(l2, l3, p2, p3)
        p1 = self.fp2(l1, l2, p1, p2)
        p0 = self.fp1(xyz, l1, None, p1)
        return self.head(p0.transpose(1, 2)).log_softmax(1)
