# inputs: 2,3,32,32
import torch
from torch import nn
from torch.nn import functional as F


class Quantize(nn.Module):
    def __init__(self, dim, n_embed, decay=0.99, eps=1e-5):
        super().__init__()
        self.dim, self.n_embed, self.decay, self.eps = dim, n_embed, decay, eps
        embed = torch.randn(dim, n_embed)
        self.register_buffer("embed", embed)
        self.register_buffer("cluster_size", torch.zeros(n_embed))
        self.register_buffer("embed_avg", embed.clone())

    def forward(self, input):
        flatten = input.reshape(-1, self.dim)
        dist = flatten.pow(2).sum(1, keepdim=True) - 2 * flatten @ self.embed + self.embed.pow(2).sum(0, keepdim=True)
        _, embed_ind = (-dist).max(1)
        embed_onehot = F.one_hot(embed_ind, self.n_embed).type(flatten.dtype)
        embed_ind = embed_ind.view(*input.shape[:-1])
        quantize = self.embed_code(embed_ind)
        if self.training:
            embed_onehot_sum = embed_onehot.sum(0)
            embed_sum = flatten.transpose(0, 1) @ embed_onehot
            self.cluster_size.data.mul_(self.decay).add_(embed_onehot_sum, alpha=1 - self.decay)
            self.embed_avg.data.mul_(self.decay).add_(embed_sum, alpha=1 - self.decay)
            n = self.cluster_size.sum()
            cluster_size = (self.cluster_size + self.eps) / (n + self.n_embed * self.eps) * n
            embed_normalized = self.embed_avg / cluster_size.unsqueeze(0)
            self.embed.data.copy_(embed_normalized)
        diff = (quantize.detach() - input).pow(2).mean()
        quantize = input + (quantize - input).detach()
        return quantize, diff, embed_ind

    def embed_code(self, embed_id):
        return F.embedding(embed_id, self.embed.transpose(0, 1))


class ResBlock(nn.Module):
    def __init__(self, i, c):
        super().__init__()
        self.conv = nn.Sequential(nn.ReLU(), nn.Conv2d(i, c, 3, padding=1), nn.ReLU(inplace=True), nn.Conv2d(c, i, 1))

    def forward(self, input):
        out = self.conv(input)
        out += input
        return out


class Net(nn.Module):
    def __init__(self, c=16, e=8, n=32):
        super().__init__()
        self.enc_b = nn.Sequential(nn.Conv2d(3, c // 2, 4, 2, 1), nn.ReLU(True), nn.Conv2d(c // 2, c, 4, 2, 1), nn.ReLU(True), nn.Conv2d(c, c, 3, padding=1), ResBlock(c, 8), nn.ReLU(True))
        self.enc_t = nn.Sequential(nn.Conv2d(c, c // 2, 4, 2, 1), nn.ReLU(True), nn.Conv2d(c // 2, c, 3, padding=1), ResBlock(c, 8), nn.ReLU(True))
        self.quantize_conv_t, self.quantize_t = nn.Conv2d(c, e, 1), Quantize(e, n)
        self.dec_t = nn.Sequential(nn.Conv2d(e, c, 3, padding=1), ResBlock(c, 8), nn.ReLU(True), nn.ConvTranspose2d(c, e, 4, 2, 1))
        self.quantize_conv_b, self.quantize_b = nn.Conv2d(e + c, e, 1), Quantize(e, n)
        self.upsample_t = nn.ConvTranspose2d(e, e, 4, stride=2, padding=1)
        self.dec = nn.Sequential(nn.Conv2d(e + e, c, 3, padding=1), ResBlock(c, 8), nn.ReLU(True), nn.ConvTranspose2d(c, c // 2, 4, 2, 1), nn.ReLU(True), nn.ConvTranspose2d(c // 2, 3, 4, 2, 1))

    def encode(self, input):
        enc_b = self.enc_b(input)
        enc_t = self.enc_t(enc_b)
        quant_t = self.quantize_conv_t(enc_t).permute(0, 2, 3, 1)
        quant_t, diff_t, id_t = self.quantize_t(quant_t)
        quant_t = quant_t.permute(0, 3, 1, 2)
        diff_t = diff_t.unsqueeze(0)
        dec_t = self.dec_t(quant_t)
        enc_b = torch.cat([dec_t, enc_b], 1)
        quant_b = self.quantize_conv_b(enc_b).permute(0, 2, 3, 1)
        quant_b, diff_b, id_b = self.quantize_b(quant_b)
        quant_b = quant_b.permute(0, 3, 1, 2)
        diff_b = diff_b.unsqueeze(0)
        return quant_t, quant_b, diff_t + diff_b, id_t, id_b

    def decode(self, quant_t, quant_b):
        return self.dec(torch.cat([self.upsample_t(quant_t), quant_b], 1))

    def forward(self, input):
        quant_t, quant_b, diff, _, _ = self.encode(input)
        return self.decode(quant_t, quant_b), diff
