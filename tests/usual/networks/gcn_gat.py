# inputs: x=30,16 adj=30,30
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.parameter import Parameter


class GraphConvolution(nn.Module):
    def __init__(self, i, o, bias=True):
        super().__init__()
        self.weight = Parameter(torch.FloatTensor(i, o))
        if bias:
            self.bias = Parameter(torch.FloatTensor(o))
        else:
            self.register_parameter('bias', None)
        stdv = 1. / self.weight.size(1) ** .5
        self.weight.data.uniform_(-stdv, stdv)
        if self.bias is not None:
            self.bias.data.uniform_(-stdv, stdv)

    def forward(self, input, adj):
        support = torch.mm(input, self.weight)
        output = torch.spmm(adj, support)
        return output + self.bias if self.bias is not None else output


class GAT(nn.Module):
    def __init__(self, i, o, dropout, alpha, concat=True):
        super().__init__()
        self.dropout, self.o, self.concat = dropout, o, concat
        self.W = nn.Parameter(torch.empty(size=(i, o)))
        nn.init.xavier_uniform_(self.W.data, gain=1.414)
        self.a = nn.Parameter(torch.empty(size=(2 * o, 1)))
        nn.init.xavier_uniform_(self.a.data, gain=1.414)
        self.leakyrelu = nn.LeakyReLU(alpha)

    def forward(self, h, adj):
        Wh = torch.mm(h, self.W)
        Wh1 = torch.matmul(Wh, self.a[:self.o, :])
        Wh2 = torch.matmul(Wh, self.a[self.o:, :])
        e = self.leakyrelu(Wh1 + Wh2.T)
        zero_vec = -9e15 * torch.ones_like(e)
        attention = torch.where(adj > 0, e, zero_vec)
        attention = F.softmax(attention, dim=1)
        attention = F.dropout(attention, self.dropout, training=self.training)
        h_prime = torch.matmul(attention, Wh)
        return F.elu(h_prime) if self.concat else h_prime


class OldGAT(GAT):
    def forward(self, h, adj):
        Wh = h @ self.W
        N = Wh.size()[0]
        a_in = torch.cat([Wh.repeat(1, N).view(N * N, -1), Wh.repeat(N, 1)], dim=1).view(N, -1, 2 * self.o)
        e = self.leakyrelu(torch.matmul(a_in, self.a).squeeze(2))
        att = torch.where(adj > 0, e, torch.full_like(e, -9e15)).softmax(1)
        return att @ Wh


class Net(nn.Module):
    def __init__(self, nfeat=16, nhid=8, nclass=4, nheads=3):
        super().__init__()
        self.gc1 = GraphConvolution(nfeat, nhid)
        self.attentions = [GAT(nhid, nhid, dropout=.5, alpha=.2, concat=True) for _ in range(nheads)]
        for i, attention in enumerate(self.attentions):
            self.add_module('attention_{}'.format(i), attention)
        self.out_att = OldGAT(nhid * nheads, nclass, .5, .2, concat=False)

    def forward(self, x, adj):
        adj = adj + torch.eye(adj.size(0))
        deg = adj.abs().sum(1)
        d = torch.diag(deg.pow(-0.5))
        norm = d @ adj @ d
        x = F.relu(self.gc1(x, norm))
        x = F.dropout(x, 0.5, self.training)
        x = torch.cat([att(x, adj) for att in self.attentions], dim=1)
        return F.log_softmax(F.elu(self.out_att(x, adj)), dim=1)
