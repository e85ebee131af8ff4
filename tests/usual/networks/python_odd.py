# inputs: 3,3,16,16
import functools
import operator
import types
from functools import cached_property, singledispatchmethod, reduce
import torch
from torch import nn


class Registry(type(nn.Module)):
    classes = {}

    def __new__(mcs, name, bases, ns):
        cls = super().__new__(mcs, name, bases, ns)
        mcs.classes[name.lower()] = cls
        return cls


class Plain(nn.Module, metaclass=Registry):
    def __init__(self, i, o):
        super().__init__()
        self.c = nn.Conv2d(i, o, 3, padding=1)

    def forward(self, x):
        return self.c(x)


class Res(Plain):
    def forward(self, x):
        return x + super().forward(x)


class Seq(nn.Sequential):
    def forward(self, x, *extra):
        for m in self:
            x = m(x, *extra) if isinstance(m, Cond) else m(x)
        return x


class Cond(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.l = nn.Linear(4, 2 * c)

    def forward(self, x, z):
        g, b = self.l(z)[..., None, None].chunk(2, 1)
        return torch.addcmul(b, g, x)


class Proxy(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.inner, name)

    def forward(self, *a, **k):
        return self.inner(*a, **k)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = Seq(Registry.classes["plain"](3, 8), nn.ReLU(), Registry.classes["res"](8, 8), Cond(8))
        self.body.append(nn.ReLU())
        self.body.insert(2, nn.Identity("unused", k=3))
        self.tail = nn.ModuleList() + [nn.Linear(8, 8), nn.Linear(8, 8)]
        self.tail.extend([nn.Linear(8, 5)])
        self.proxy = Proxy(nn.Linear(5, 5))
        self.patched = nn.Linear(5, 3)
        self.patched.forward = types.MethodType(lambda m, x: nn.functional.linear(x * 2, m.weight, m.bias), self.patched)

    @cached_property
    def z(self):
        return torch.ones(1, 4)

    @singledispatchmethod
    def pool(self, x):
        raise TypeError

    @pool.register
    def _(self, x: torch.Tensor):
        return x.mean((2, 3))

    @pool.register
    def _(self, x: tuple):
        return self.pool(x[0])

    def gen(self, x):
        for m in self.tail[:-1]:
            x = m(x).relu()
            yield x

    def forward(self, x):
        x = self.body(x, self.z.expand(len(x), -1))
        match x.shape:
            case (_, 8, h, w) if h == w:
                x = self.pool((x, None))
            case _:
                raise ValueError
        *_, x = self.gen(x)
        if (n := x.shape[-1]) != self.tail[-1].in_features:
            raise ValueError(n)
        x = self.tail[-1](x)
        assert self.proxy.in_features == 5
        x = self.proxy(x)
        return reduce(operator.add, [self.patched(x)] * 2)
