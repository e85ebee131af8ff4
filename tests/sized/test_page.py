"""The page of what a comparison of zoo networks with torch has found."""

from __future__ import annotations

from benchmarks.sizes.page import page
from benchmarks.sizes.proof import Proof

PROVEN = Proof("cifar", "vgg", "vgg11", [2, 3, 32, 32], "meta", 390, 320, proven=True)
WRONG = Proof(
    "cifar", "nin", "nin", [2, 3, 32, 32], "meta", 200, 100, 3, 2, [["H = 1, W = 1", "no"]],
    reasons=["H was not followed far enough"],
)  # fmt: skip
DOUBTED = Proof("cifar", "dla", "dla34", reasons=["only data decide `a` at line 3"])
LOST = Proof("cifar", "fcn", failure="not done after 9 s")


def test_it_counts_what_agrees_and_names_what_does_not() -> None:
    text = page([PROVEN, WRONG, DOUBTED, LOST])
    assert "| cifar | 2 | 590 | 420 | 99.66 % | 3 | 1 | 390 | 100 % |" in text
    assert "* H was not followed far enough: cifar/nin" in text
    assert "* cifar/nin: 2 of 200 sizes; H = 1, W = 1: no" in text
    assert "* cifar/dla34: only data decide `a` at line 3" in text
    assert "* cifar/fcn: not done after 9 s" in text


def test_a_proven_answer_that_is_wrong_shows() -> None:
    wrong = Proof("cifar", "vgg", "vgg11", asked=1000, working=1, wrong=1, proven=True)
    assert "| 1 | 1,000 | 99.90 % |" in page([wrong])
