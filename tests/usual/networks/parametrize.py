# inputs: 2,8,12
import torch
from torch import nn
import torch.nn.utils.parametrize as P


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)


class MatrixExponential(nn.Module):
    def forward(self, X):
        return torch.matrix_exp(X)


class Skew(nn.Module):
    def forward(self, X):
        A = X.triu(1)
        return A - A.transpose(-1, -2)


class CayleyMap(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.register_buffer("Id", torch.eye(n))

    def forward(self, X):
        return torch.linalg.solve(self.Id + X, self.Id - X)


class Rank(nn.Module):
    def right_inverse(self, A):
        U, S, Vh = torch.linalg.svd(A, full_matrices=False)
        if S.ndim == 1:
            s0_sqrt = S.sqrt()[:, None]
        return U[:, :3] * s0_sqrt[:3].T, Vh[:3] * s0_sqrt[:3]

    def forward(self, a, b):
        return a @ b


class Lora(nn.Module):
    def __init__(self, i, o, r=2):
        super().__init__()
        self.A, self.B = nn.Parameter(torch.zeros(r, i)), nn.Parameter(torch.randn(o, r))
        self.scale, self.enabled = 1 / r, True

    def forward(self, w):
        if self.enabled:
            return w + torch.matmul(self.B, self.A).view(w.shape) * self.scale
        return w


class Net(nn.Module):
    def __init__(self, n=12):
        super().__init__()
        self.sym = nn.Linear(n, n)
        P.register_parametrization(self.sym, "weight", Symmetric())
        self.ortho = nn.Linear(n, n, bias=False)
        P.register_parametrization(self.ortho, "weight", Skew())
        P.register_parametrization(self.ortho, "weight", CayleyMap(n))
        self.exp = nn.Linear(n, n)
        P.register_parametrization(self.exp, "weight", nn.Sequential(Symmetric(), MatrixExponential()))
        self.low = nn.Linear(n, 2 * n)
        P.register_parametrization(self.low, "weight", Rank())
        self.lora = nn.Linear(2 * n, n)
        P.register_parametrization(self.lora, "weight", Lora(2 * n, n))

    def forward(self, x):
        with P.cached():
            y = self.ortho(self.sym(x)) + self.ortho(x)
        return self.lora(torch.tanh(self.low(self.exp(y))))
