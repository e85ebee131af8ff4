"""`python -m tests.sized --count 2000 --seed 1`: random networks, tried size by size."""

from __future__ import annotations

import argparse
import collections
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sizes.comparison import compared
from benchmarks.zoo.processes import each
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


@dataclass(frozen=True)
class Trying:
    """The task of trying the network of one seed."""

    seed: int

    def run(self) -> dict[str, Any]:
        """What became of it."""
        began = time.monotonic()
        return {**outcome(self.seed), "seconds": round(time.monotonic() - began, 1)}

    def lost(self, reason: str) -> dict[str, Any]:
        """It has not come to an end."""
        return {"seed": self.seed, "answer": "lost", "said": reason}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.sized", description=__doc__)
    options.add_argument("--count", type=int, default=200)
    options.add_argument("--seed", type=int, default=1, help="the draws begin at seed * 1e9")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--limit", type=float, default=300.0, help="seconds for a network")
    options.add_argument("--out", type=Path, help="keep results here, and go on where they end")
    given = options.parse_args()
    first = given.seed * 1_000_000_000
    kept = [json.loads(line) for line in _lines(given.out)]
    known = {one["seed"] for one in kept}
    wanted = (Trying(n) for n in range(first, first + given.count) if n not in known)
    for found in each(wanted, given.jobs, given.limit):
        kept.append(found)
        line = json.dumps(found)
        if given.out is not None:
            with given.out.open("a", encoding="utf-8") as stream:
                stream.write(f"{line}\n")
        if found["answer"] not in ("agree", "not made"):
            print(line, flush=True)
    _summed([one for one in kept if first <= one["seed"] < first + given.count])


def _lines(file: Path | None) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file and file.exists() else []


def _summed(found: list[dict[str, Any]]) -> None:
    counts = collections.Counter(one["answer"] for one in found)
    counts["proven"] = sum(one.get("proven", False) for one in found)
    counts["sizes"] = sum(one.get("asked", 0) for one in found)
    print(f"{len(found)} networks: {dict(sorted(counts.items()))}")
    reasons = collections.Counter(r for one in found for r in set(one.get("reasons", ())))
    for reason, count in reasons.most_common(12):
        print(f"  {count} not proven: {reason}")
    print(f"{sum(one.get('seconds', 0) for one in found) / max(1, len(found)):.2f} s each")


if __name__ == "__main__":
    main()
