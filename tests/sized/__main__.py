"""`python -m tests.sized --count 2000 --seed 1`: random networks, tried size by size."""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import time
from typing import Any

from benchmarks.sizes.comparison import compared
from tests.sized.random_networks import drawn


def outcome(seed: int) -> dict[str, Any]:
    """What became of the network of one seed."""
    network, called = drawn(seed)
    found: dict[str, Any] = {"seed": seed, "answer": "not made"}
    if called is None:
        return found
    try:
        result = compared(called, seed)
    except Exception as exc:
        return {**found, "answer": "crash", "said": f"{type(exc).__name__}: {exc}"}
    answer = (
        "agree" if not result.wrong else "proven and wrong" if result.answer.proven else "wrong"
    )
    return {
        "seed": seed,
        "answer": answer,
        "asked": result.asked,
        "proven": result.answer.proven,
        "reasons": result.answer.reasons,
        "wrong": [str(one) for one in result.wrong[:3]],
        "source": network.source if result.wrong else "",
        "inputs": [str(one) for one in called.inputs],
    }


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.sized", description=__doc__)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1, help="the draws begin at seed * 1e9")
    options.add_argument("--jobs", type=int, default=1)
    given = options.parse_args()
    began = time.monotonic()
    counts: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    first = given.seed * 1_000_000_000
    seeds = range(first, first + given.count)
    with multiprocessing.Pool(given.jobs) as pool:
        for found in pool.imap(outcome, seeds):
            counts[found["answer"]] += 1
            counts["proven"] += found.get("proven", False)
            counts["sizes"] += found.get("asked", 0)
            reasons.update(set(found.get("reasons", ())))
            if found["answer"] not in ("agree", "not made"):
                print(json.dumps(found), flush=True)
    print(f"{given.count} networks: {dict(sorted(counts.items()))}")
    for reason, count in reasons.most_common(12):
        print(f"  {count} not proven: {reason}")
    print(f"{(time.monotonic() - began) / max(1, given.count):.2f} s each")


if __name__ == "__main__":
    main()
