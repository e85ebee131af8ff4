"""Size expressions: exact at every size, one form for one function, and texts that say the same."""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlint.arithmetic.expression import Expression
from convlint.arithmetic.window import transposed_size, window_size
from tests.sampling import sampled

H, W, N = (Expression.symbol(name) for name in "HWN")


def read(text: str, sizes: dict[str, int]) -> Any:
    """What a printed expression says at these sizes, by Python's own arithmetic."""
    python = re.sub(r"\d+", r"F(\g<0>)", text)
    for sign, meaning in {"⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")", "·": "*"}.items():
        python = python.replace(sign, meaning)
    names = {"F": Fraction, "floor": lambda x: Fraction(math.floor(x))}
    names["ceil"] = lambda x: Fraction(math.ceil(x))
    return eval(python.replace("−", "-"), names, {k: Fraction(v) for k, v in sizes.items()})


small = st.integers(-7, 7)
positive = st.sampled_from([1, 2, 2, 3, 4, 6, 8, 32])
nonzero = st.sampled_from([-6, -3, -2, -1, 1, 2, 2, 3, 4, 6, 8, 32])
unary = {
    "plus": (lambda x, k: x + k, small),
    "from": (lambda x, k: k - x, small),
    "times": (lambda x, k: k * x, small),
    "over": (lambda x, k: x.over(k) if isinstance(x, Expression) else Fraction(x) / k, nonzero),
    "half": (lambda x, k: x + Fraction(k, 2), small),
    "floor": (lambda x, _: x.floor() if isinstance(x, Expression) else math.floor(x), small),
    "into": (lambda x, k: x // k, nonzero),
    "rest": (lambda x, k: x % k, nonzero),
    "negative": (lambda x, _: -x, small),
    "window": (lambda x, k: (x + k) // 2 + 1, small),
    "coarse": (lambda x, k: (x + k) // 3, small),
    "other half": (lambda x, k: x - (x + k) // 2, small),
    "both": (lambda x, k: x + (k - x) // 3, small),
}
binary = {
    "sum": lambda x, y: x + y,
    "difference": lambda x, y: x - y,
    "product": lambda x, y: x * y,
}
leaves = st.sampled_from("HHHWN") | small
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        *(st.tuples(st.just(name), inner, ks) for name, (_, ks) in unary.items()),
        *(st.tuples(st.just(name), inner, ks) for name, (_, ks) in unary.items()),
        *(st.tuples(st.just(name), inner, inner) for name in binary),
    ),
    max_leaves=5,
)


def compute(tree: Any, leaf: Callable[[Any], Any]) -> Any:
    """The tree's arithmetic, on whatever the leaves are."""
    if not isinstance(tree, tuple):
        return leaf(tree)
    name, first, second = tree
    if name in binary:
        return binary[name](compute(first, leaf), compute(second, leaf))
    return unary[name][0](compute(first, leaf), second)


sizes = st.fixed_dictionaries({name: st.integers(-60, 250) for name in "HWN"})
steps = st.fixed_dictionaries({name: st.sampled_from([1, 1, 2, 3, 4, 16, 32]) for name in "HWN"})


def expressed(tree: Any, by: dict[str, int]) -> Expression:
    return compute(
        tree, lambda x: Expression.symbol(x, by[x]) if isinstance(x, str) else Expression.of(x)
    )


@sampled(600)
@given(trees, steps, st.lists(sizes, min_size=3, max_size=6))
def test_the_value_is_that_of_pythons_integers(tree: Any, by: Any, several: Any) -> None:
    made = expressed(tree, by)
    text = str(made)
    assert hash(made) == hash(expressed(tree, by))
    assert made == expressed(tree, by)
    for given_sizes in several:
        at = {name: n * by[name] for name, n in given_sizes.items()}
        value = compute(tree, lambda x, at=at: at[x] if isinstance(x, str) else x)
        assert made.at(at) == value
        assert read(text, at) == value, text
        if made.constant is not None:
            assert made.constant == value
            assert not made.symbols
        if (form := made.window()) is not None:
            scale, shift, divisor, offset = form
            (name,) = made.symbols
            assert scale * ((at[name] + shift) // divisor) + offset == value


@sampled(150)
@given(trees, trees, steps)
def test_a_quotient_is_exact(one: Any, two: Any, by: Any) -> None:
    """`view(N, -1)`: what was multiplied comes out again, and what comes out multiplies back."""
    first, second = expressed(one, by), expressed(two, by)
    if second == Expression.of(0):
        with pytest.raises(ZeroDivisionError):
            first.quotient(second)
        return
    assert (first * second).quotient(second) == first
    if (found := first.quotient(second)) is not None:
        assert found * second == first


def test_no_quotient() -> None:
    assert (N * H).quotient(W) is None
    assert (H * H + 1).quotient(H + 1) is None


@sampled(150)
@given(trees, trees, trees, steps)
def test_sums_and_products_know_no_order(one: Any, two: Any, three: Any, by: Any) -> None:
    a, b, c = (expressed(tree, by) for tree in (one, two, three))
    assert a + b == b + a
    assert a * b == b * a
    assert (a + b) + c == a + (b + c)
    assert a * (b + c) == a * b + a * c
    assert (a + b) - b == a
    assert str(a + b) == str(b + a)


def windows() -> list[Callable[[Any], Any]]:
    """Convolutions, pools, paddings and integer upsamplings, each with small numbers."""
    made: list[Callable[[Any], Any]] = []
    for kernel, stride, padding in itertools.product((1, 2, 3), (1, 2, 3), (0, 1, 2)):
        made.append(lambda n, k=kernel, s=stride, p=padding: window_size(n, k, s, p, 1))
    made += [lambda n, k=k: transposed_size(n, k, 2, 0, 1) for k in (2, 3)]
    return made


@pytest.mark.parametrize("step", [1, 2, 3, 6])
def test_equal_functions_have_equal_forms_and_others_have_not(step: int) -> None:
    """All chains of two layers, and of those whose first two are coarse, with a third."""
    layers = windows()
    chains = list(itertools.product(layers, repeat=2))
    chains += [(a, b, c) for a, b in itertools.product(layers[9:18], repeat=2) for c in layers]
    start = Expression.symbol("H", step)
    forms: dict[tuple[int, ...], set[Expression]] = defaultdict(set)
    values: dict[Expression, tuple[int, ...]] = {}
    for chain in chains:
        # the divisors divide 2**a · 3**b with at most three factors: 108 is a common period
        values_of = tuple(reduce(lambda n, f: f(n), chain, h * step) for h in range(217))
        form = reduce(lambda n, f: f(n), chain, start)
        forms[values_of].add(form)
        assert values.setdefault(form, values_of) == values_of
    assert len(chains) > 3 * len(forms)  # else nothing was compared
    several = [tuple(map(str, found)) for found in forms.values() if len(found) > 1]
    assert not several


@sampled(150)
@given(trees, steps, nonzero)
def test_rounding_up_and_down_is_one_form(tree: Any, by: Any, divisor: int) -> None:
    """`-(-n // d)` is `(n + d − 1) // d`, and `n // −d` is `−n // d`."""
    n, d = expressed(tree, by).floor(), abs(divisor)
    assert -(-n // d) == (n + d - 1) // d
    assert n // -d == -n // d
    assert n // d * d + n % d == n


@pytest.mark.parametrize("n", [H, H - H // 2, W - H, W // 3 - H, 2 * H - W // 3], ids=str)
@pytest.mark.parametrize("k", [-3, -1, 0, 2])
@pytest.mark.parametrize("d", [2, 3, 4])
def test_what_is_subtracted_under_a_floor(n: Any, k: int, d: int) -> None:
    made = (n + k) // d
    assert -((-n - k) // d) == (n + k + d - 1) // d
    for h, w in itertools.product(range(4 * d), range(3 * d)):
        at = {"H": h, "W": w}
        assert made.at(at) == (n.at(at) + k) // d
    assert read(str(made), at) == made.at(at)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_chain_of_2000_layers_is_four_integers(stride: int) -> None:
    out: Any = H
    for _ in range(2000):
        out = window_size(out, 3, stride, 0, 1)
    scale, shift, divisor, offset = out.window()
    assert (scale, divisor) == (1, stride**2000)
    assert out.depth == (stride > 1)
    for size in (5000, 2**2005 + 17):
        expected: Any = size
        for _ in range(2000):
            expected = window_size(expected, 3, stride, 0, 1)
        assert out.at({"H": size}) == expected == (size + shift) // divisor + offset


def test_what_nests_deeply_is_still_computed_and_written() -> None:
    layers = 150
    out, expected = H, 1000
    for _ in range(layers):
        out, expected = 3 * (out // 2), 3 * (expected // 2)
        out, expected = out + W // 5, expected + 7
    assert out.depth == layers
    assert out.at({"H": 1000, "W": 35}) == expected
    assert str(out).count("⌊") > layers
    assert out.symbols == ("H", "W")


def conv(n: Any, kernel: int, stride: int = 1, padding: int = 0) -> Any:
    return window_size(n, kernel, stride, 2 * padding, 1)


def resnet(n: Any) -> Any:
    for kernel, padding in ((7, 3), (3, 1), (3, 1), (3, 1), (3, 1)):
        n = conv(n, kernel, 2, padding)
    return n


def vgg(n: Any) -> Any:
    for _ in range(5):
        n = conv(conv(conv(n, 3, 1, 1), 3, 1, 1), 2, 2)
    return n


def alexnet(n: Any) -> Any:
    n = conv(conv(n, 11, 4, 2), 3, 2)
    n = conv(conv(n, 5, 1, 2), 3, 2)
    return conv(conv(n, 3, 1, 1), 3, 2)


def inception(n: Any) -> Any:
    n = conv(conv(conv(n, 3, 2), 3), 3, 1, 1)
    n = conv(conv(conv(n, 3, 2), 1), 3)
    return conv(conv(conv(n, 3, 2), 3, 2), 3, 2)


def unet(n: Any) -> Any:
    depth = 4
    for _ in range(depth):
        n = conv(n, 2, 2)
    for _ in range(depth):
        n = transposed_size(n, 2, 2, 0, 1)
    return n


def lenet(n: Any) -> Any:
    return conv(conv(conv(conv(n, 5), 2, 2), 5), 2, 2)


TEXTS = {
    "⌈H/32⌉": lambda: resnet(H),
    "⌊H/32⌋": lambda: vgg(H),
    "⌊(H − 31)/32⌋": lambda: alexnet(H),
    "⌊(H − 43)/32⌋": lambda: inception(H),
    "⌊H/4⌋ − 3": lambda: lenet(H),
    "16·⌊H/16⌋": lambda: unet(H),
    "H − 2": lambda: conv(H, 3),
    "H": lambda: conv(H, 3, 1, 1),
    "⌊(H − 1)/2⌋": lambda: conv(H, 3, 2),
    "⌈H/2⌉": lambda: conv(H, 3, 2, 1),
    "2·⌈H/4⌉": lambda: 2 * conv(conv(H, 3, 2, 1), 3, 2, 1),
    "2·H": lambda: transposed_size(H, 2, 2, 0, 1),
    "2·H + 1": lambda: transposed_size(H, 3, 2, 0, 1),
    "4·H": lambda: transposed_size(transposed_size(H, 4, 2, 2, 1), 4, 2, 2, 1),
    "⌊H/2⌋ + 1": lambda: H // 2 + 1,
    "⌊3·H/2⌋": lambda: 3 * H // 2,
    "⌊2·H/3⌋": lambda: 2 * H // 3,
    "32·⌈H/32⌉": lambda: H + -H % 32,
    "⌊H/2⌋ + ⌊W/2⌋": lambda: H // 2 + W // 2,
    "⌊(⌊H/2⌋ + ⌊W/2⌋)/2⌋": lambda: (H // 2 + W // 2) // 2,
    "⌊(H + 2·W)/4⌋": lambda: (H // 2 + W) // 2,
    "⌊(H − W)/2⌋": lambda: (H - W) // 2,
    "⌊(W − H)/2⌋": lambda: (W - H) // 2,
    "H − 2·⌊H/2⌋": lambda: H % 2,
    "H·W/4": lambda: (H * W).over(4),
    "⌊H·W/4⌋": lambda: H * W // 4,
    "(H + W)/2": lambda: (H + W).over(2),
    "H/2 + 1": lambda: H.over(2) + 1,
    "−H": lambda: -H,
    "3 − H": lambda: 3 - H,
    "0": lambda: H - H,
    "1/2": lambda: Expression.of(Fraction(1, 2)),
    "N": lambda: (N * resnet(H)).quotient(resnet(H)),
    "512·⌈H/32⌉·⌈W/32⌉": lambda: (N * 512 * resnet(H) * resnet(W)).quotient(N),
    "512·N": lambda: (N * 512 * resnet(H) * resnet(W)).quotient(resnet(H) * resnet(W)),
    "⌊H/16⌋·⌊W/16⌋ + 1": lambda: conv(H, 16, 16) * conv(W, 16, 16) + 1,
    "64·(H − 2)·(W − 2)": lambda: 64 * conv(H, 3) * conv(W, 3),
    "16·(⌊H/4⌋ − 3)·(⌊W/4⌋ − 3)": lambda: 16 * lenet(H) * lenet(W),
    "256·⌊(H − 31)/32⌋·⌊(W − 31)/32⌋": lambda: 256 * alexnet(H) * alexnet(W),
    "(H − 2)·(H − 2)": lambda: conv(H, 3) * conv(H, 3),
    "H·(W + 1)/2": lambda: (H * W + H).over(2),
}


@pytest.mark.parametrize("text", TEXTS)
def test_sizes_are_written_as_people_write_them(text: str) -> None:
    assert str(TEXTS[text]()) == text


STEPS = {
    "H/32": [(32, lambda h: h // 32), (32, lambda h: (h + 31) // 32), (64, resnet), (32, vgg)],
    "H/2": [(2, lambda h: (h + 1) // 2), (6, lambda h: h // 2)],
    "⌈H/32⌉": [(16, lambda h: (h + 31) // 32), (16, lambda h: (h + 16) // 32), (16, resnet)],
    "⌊H/32⌋": [(16, lambda h: (h + 15) // 32)],
    "H": [(16, unet), (32, lambda h: h + -h % 32)],
    "0": [(4, lambda h: h % 4)],
}


@pytest.mark.parametrize(
    ("text", "step", "network"), [(t, *c) for t, cs in STEPS.items() for c in cs]
)
def test_what_is_known_to_divide_a_symbol_is_used(text: str, step: int, network: Any) -> None:
    made = network(Expression.symbol("H", step))
    assert str(made) == text
    for h in range(0, 20 * step, step):
        assert made.at({"H": h}) == network(h)


def test_windows_are_read_off() -> None:
    assert resnet(H).window() == (1, 31, 32, 0)
    assert unet(H).window() == (16, 0, 16, 0)
    assert (3 * H - 2).window() == (3, 0, 1, -2)
    assert (Expression.symbol("H", 64) // 32 + 1).window() == (1, 0, 32, 1)
    for other in (Expression.of(3), H * H, H + W, H.over(2), H + H // 2, 3 * H // 2, (H + W) // 2):
        assert other.window() is None, str(other)


def test_what_is_refused() -> None:
    with pytest.raises(ValueError, match="the step of H is 0"):
        Expression.symbol("H", 0)
    for wrong in (lambda: H // 0, lambda: H % 0, lambda: H.over(0)):
        with pytest.raises(ZeroDivisionError):
            wrong()
    with pytest.raises(KeyError):
        (H + W).at({"H": 3})
    for wrong in (lambda: H + "1", lambda: H * 1.5, lambda: H // W, lambda: H % "2"):
        with pytest.raises(TypeError):
            wrong()
