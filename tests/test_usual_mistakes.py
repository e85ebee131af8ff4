"""Usual mistakes, each in a small network of its own: torch and convlint must agree.

Torch is asked whether and where it raises; nothing about that is written down here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from convlint.spec import parse
from tests.mutations import Mutant, verdict

NETWORKS: dict[str, tuple[str, str]] = {}
_HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n"


def case(name: str, inputs: str, init: str, forward: str, extra: str = "") -> None:
    """A network of these lines."""

    def indented(lines: str) -> str:
        return "".join(f"        {line}\n" for line in lines.split("\n"))

    assert name not in NETWORKS
    NETWORKS[name] = (
        f"{_HEAD}{extra}\nclass Net(nn.Module):\n    def __init__(self):\n"
        f"        super().__init__()\n{indented(init)}\n    def forward(self, x):\n"
        f"{indented(forward)}",
        inputs,
    )


# fmt: off
case(
    'lstm_tuple',
    '2,5,8',
    'self.r=nn.LSTM(8,6,batch_first=True)\nself.f=nn.Linear(6,2)',
    'h=self.r(x)\nreturn self.f(h)',
)
case(
    'seq_lstm',
    '2,5,8',
    'self.s=nn.Sequential(nn.LSTM(8,6,batch_first=True),nn.Linear(6,2))',
    'return self.s(x)',
)
case(
    'clip_by_frames',
    '2,8,3,16,16',
    'self.c=nn.Conv3d(3,4,3,padding=1)\nself.p=nn.MaxPool3d(2)\nself.d=nn.Conv3d(4,5,3,padding=1)',
    'return self.d(self.p(self.p(self.c(x))))',
)
case(
    'no_projection',
    '1,3,33,33',
    'self.a=nn.Conv2d(3,16,3,padding=1)\nself.b=nn.Conv2d(16,32,3,2,1)',
    'x=self.a(x)\ny=self.b(x).relu()\nreturn y+x',
)
case('cat_args', '2,5', 'self.f=nn.Linear(5,5)', 'y=self.f(x)\nreturn torch.cat(x, y)')
case(
    'noreturn',
    '2,5',
    'self.b=B()\nself.f=nn.Linear(5,5)',
    'y=self.b(x)\nreturn self.f(y)',
    'class B(nn.Module):\n'
    '    def __init__(self):\n'
    '        super().__init__()\n'
    '        self.l=nn.Linear(5,5)\n'
    '    def forward(self,x):\n'
    '        x=self.l(x)\n'
    '',
)
case('attr', '2,5', 'self.f=nn.Linear(5,5)', 'y=self.f(x)\nreturn self.g(y)')
case('modulelist', '2,5', 'self.f=nn.ModuleList([nn.Linear(5,5)])', 'return self.f(x)')
case(
    'subargs',
    '2,5',
    'self.b=B()',
    'return self.b(x, x)',
    'class B(nn.Module):\n    def forward(self,x):\n        return x\n',
)
case('leafargs', '2,5', 'self.b=nn.Linear(5,4)', 'return self.b(x, x)')
case('shuffle', '2,6,8,8', 'self.p=nn.PixelShuffle(2)', 'return self.p(x)')
case('softmaxdim', '2,6', 'self.p=nn.Softmax(dim=2)', 'return self.p(x)')
case('bmm4', '2,3,4,4', 'pass', 'return torch.bmm(x,x)')
case('inplace', '2,1,4', 'pass', 'x += torch.zeros(2,3,4)\nreturn x')
case(
    'ce',
    '4,10',
    'self.f=nn.Linear(10,3)\nself.l=nn.CrossEntropyLoss()',
    'return self.l(self.f(x), torch.zeros(4,1,dtype=torch.long))',
)
case(
    'bce',
    '4,10',
    'self.f=nn.Linear(10,1)\nself.l=nn.BCELoss()',
    'return self.l(torch.sigmoid(self.f(x)), torch.zeros(4))',
)
case('groupnorm', '2,48,8,8', 'self.n=nn.GroupNorm(32,48)', 'return self.n(x)')
case('groups', '2,3,8,8', 'self.n=nn.Conv2d(3,10,3,groups=2)', 'return self.n(x)')
case('mha', '2,5,30', 'self.n=nn.MultiheadAttention(30,4)', 'return self.n(x,x,x)')
case(
    'mhashape',
    '2,5,32',
    'self.n=nn.MultiheadAttention(30,3,batch_first=True)',
    'y,_=self.n(x,x,x)\nreturn y',
)
case('unpack', '2,5,32,32', 'self.c=nn.Conv2d(5,4,3)', 'b,c,h=self.c(x).shape\nreturn x')
case('unpack2', '2,6,4', 'pass', 'a,b=x.chunk(3,1)\nreturn a')
case('viewnc', '2,3,8,8', 'self.f=nn.Linear(192,2)', 'return self.f(x.permute(0,2,3,1).view(2,-1))')
case('viewmin1', '2,3,8,8', 'self.f=nn.Linear(192,2)', 'return self.f(x.view(-1))')
case('two_neg', '2,3,8,8', 'self.f=nn.Linear(192,2)', 'return self.f(x.view(-1,-1))')
case('numpy', '2,3,8,8', 'pass', 'return torch.from_numpy(x.numpy()).view(2,3,64) + torch.ones(5)')
case('dictkey', '2,3', "self.d=nn.ModuleDict({'a':nn.Linear(3,3)})", "return self.d['b'](x)")
case('listindex', '2,3', 'self.d=nn.ModuleList([nn.Linear(3,3)])', 'return self.d[1](x)')
case(
    'strip',
    '2,3,16',
    'self.c=nn.Conv1d(3,4,3)\nself.b=nn.BatchNorm2d(4)',
    'return self.b(self.c(x))',
)
case('pool_none', '2,3,5,5', 'self.p=nn.MaxPool2d(8)', 'return self.p(x)')
case('interp', '2,3,5', 'pass', "return F.interpolate(x, scale_factor=2, mode='bilinear')")
case('interp2', '2,3,5,5', 'pass', 'return F.interpolate(x, size=(4,4,4))')
case('padneg', '2,3,5,5', 'self.p=nn.ReflectionPad2d(5)', 'return self.p(x)')
case('gruhid', '2,5,8', 'self.r=nn.GRU(8,6,2)', 'h=torch.zeros(1,2,6)\nreturn self.r(x,h)[0]')
case(
    'gruhid2',
    '2,5,8',
    'self.r=nn.GRU(8,6,batch_first=True,bidirectional=True)\nself.f=nn.Linear(6,2)',
    'o,h=self.r(x)\nreturn self.f(o[:,-1])',
)
case(
    'einsum',
    '2,5,8',
    'self.w=nn.Parameter(torch.zeros(7,3))',
    "return torch.einsum('btd,de->bte',x,self.w)",
)
case('matmul', '2,5,8', 'self.w=nn.Parameter(torch.zeros(5,3))', 'return x @ self.w')
case('stack', '2,5,8', 'pass', 'return torch.stack([x, x[:,:4]])')
case('gather', '2,5,8', 'pass', 'return x.gather(1, torch.zeros(3,2,8,dtype=torch.long))')
case('index', '2,5,8', 'pass', 'return x[:, 5]')
case('index3', '2,5,8', 'pass', 'return x[0,0,0,0]')
case('mask', '2,5,8', 'pass', 'return x.masked_fill(torch.zeros(2,8).bool(), 0)')
case('expand', '2,5,1', 'pass', 'return x.expand(2,6,4)')
case('intlin', '2,5:int64', 'self.f=nn.Linear(5,2)', 'return self.f(x)')
case('embfloat', '2,5', 'self.f=nn.Embedding(5,2)', 'return self.f(x)')
case('lnorm', '2,5,8', 'self.n=nn.LayerNorm([5,9])', 'return self.n(x)')
case('bn3', '2,5,8,8', 'self.n=nn.BatchNorm3d(5)', 'return self.n(x)')
case('deconv', '2,8,5,5', 'self.u=nn.ConvTranspose2d(4,8,2,2)', 'return self.u(x)')
case('conv3', '2,3,16,16', 'self.c=nn.Conv3d(3,8,3)', 'return self.c(x)')
case('recur', '2,3', 'self.a=nn.Linear(3,4)', 'for i in range(3):\n    x=self.a(x)\nreturn x')
case(
    'cond',
    '2,3,32,32',
    'self.a=nn.Linear(3,4)',
    'if x.shape[-1] > 16:\n    x = F.avg_pool2d(x, 2)\nreturn self.a(x.flatten(1))',
)
case('resid', '2,16,8,8', 'self.c=nn.Conv2d(16,32,3,padding=1)', 'return x + self.c(x)')
case(
    'sumlist',
    '2,16,8,8',
    'self.c=nn.ModuleList(nn.Conv2d(16,8*i,3,padding=1) for i in (1,2))',
    'return sum(c(x) for c in self.c)',
)
case('lambda', '2,16,8,8', 'self.f=lambda t: t.view(t.size(0), 7, -1)', 'return self.f(x)')
case(
    'div',
    '2,3,9,9',
    'self.p=4',
    'b,c,h,w=x.shape\nreturn x.reshape(b,c,h//self.p,self.p,w//self.p,self.p)',
)
case('assertmsg', '2,3,9,9', 'pass', "assert x.shape[2] % 4 == 0, 'bad'\nreturn x")
case(
    'raise',
    '2,3,9,9',
    'pass',
    'if x.size(1) != 1:\n'
    "    raise ValueError(f'expects one channel, got {x.size(1)}')\n"
    'return x',
)
case(
    'try',
    '2,3',
    'self.f=nn.Linear(4,2)',
    'try:\n    return self.f(x)\nexcept RuntimeError:\n    return x',
)
case('strided', '2,3,9', 'pass', 'return x.unfold(1, 4, 1)')
case('fold', '2,12,9', 'pass', 'return F.fold(x, (4,4), 2)')
case('cdist', '2,3,9', 'pass', 'return torch.cdist(x, torch.zeros(2,4,8))')
case('where', '2,3,9', 'pass', 'return torch.where(x>0, x, torch.zeros(4))')
case('topk', '2,3', 'pass', 'return x.topk(5)[0]')
case('meandim', '2,3', 'pass', 'return x.mean(2)')
case('prelu', '2,3,4', 'self.p=nn.PReLU(5)', 'return self.p(x)')
case('glu', '2,3,5', 'self.p=nn.GLU()', 'return self.p(x)')
case(
    'sdpa',
    '2,3,5',
    'self.k=nn.Linear(5,6)',
    'return F.scaled_dot_product_attention(x, self.k(x), x)',
)
case('halfmix', '2,3', 'self.f=nn.Linear(3,3).half()', 'return self.f(x)')
case(
    'upsample',
    '2,3,5,5',
    'self.u=nn.Upsample(scale_factor=2)\nself.c=nn.Conv2d(3,3,3)',
    'return self.u(x) - self.c(x)',
)
case(
    'vae',
    '2,3',
    'self.f=nn.Linear(3,8)',
    'm,v=self.f(x).chunk(2,1)\nz=m+torch.randn(2,5)*v\nreturn z',
)
case('posemb', '2,50,8', 'self.p=nn.Parameter(torch.zeros(1,40,8))', 'return x + self.p')
case('cls', '2,50,8', 'self.c=nn.Parameter(torch.zeros(1,1,8))', 'return torch.cat([self.c, x],1)')
case('none', '2,3', 'self.f=None', 'return self.f(x)')
case('seqnone', '2,3', 'self.f=nn.Sequential(nn.Linear(3,3), None)', 'return self.f(x)')
case('strmode', '2,3,4,4', 'pass', "return F.pad(x,(1,1),mode='foo')")
case('repeat', '2,3,4', 'pass', 'return x.repeat(2,2)')
case('transp', '2,3,4', 'pass', 'return x.transpose(1,3)')
case('tT', '2,3,4', 'pass', 'return x.t()')
case(
    'lstmcell',
    '2,3',
    'self.c=nn.LSTMCell(3,4)',
    'h=torch.zeros(2,5)\nc=torch.zeros(2,4)\nreturn self.c(x,(h,c))[0]',
)
case(
    'tf',
    '2,7,16',
    'self.t=nn.TransformerDecoderLayer(16,2,batch_first=True)',
    'return self.t(x, torch.zeros(3,5,16))',
)
case(
    'mask2',
    '2,7,16',
    'self.t=nn.TransformerEncoderLayer(16,2,batch_first=True)',
    'return self.t(x, src_mask=torch.zeros(6,6))',
)
case(
    'kpm',
    '2,7,16',
    'self.t=nn.MultiheadAttention(16,2,batch_first=True)',
    'return self.t(x,x,x,key_padding_mask=torch.zeros(7,2).bool())[0]',
)
# fmt: on


@pytest.mark.parametrize("name", NETWORKS)
def test_torch_and_convlint_agree(name: str, tmp_path: Path) -> None:
    source, inputs = NETWORKS[name]
    mutant = Mutant(name, source, "", tuple(parse(text) for text in inputs.split()), False)
    answer, details = verdict(mutant, tmp_path / "net.py")
    assert answer == "agree", details
