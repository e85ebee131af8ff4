"""Leave out the findings that comments in the code switch off, and tell of useless comments.

This is done where the results of all targets and modes are known: a comment is unused only if it
switches nothing off in any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from convlint import pragma
from convlint.diagnostic import Diagnostic
from convlint.job import Result, Row, must_stand
from convlint.pragma import Pragma, Selector
from convlint.rule import rules
from convlint.selection import (
    SUPPRESSIONS,
    UNCHECKED,
    Selection,
    SelectionError,
    covers,
    is_fixed,
    nearest,
    parse,
)

if TYPE_CHECKING:
    from convlint.cache import Known
    from convlint.rule import Rule

Part: TypeAlias = tuple[Pragma, Selector | None]
"""What can be used or unused: a selector, or a comment that has none."""


def suppressed(
    results: Sequence[Result],
    selection: Selection,
    known: Callable[[], Sequence[Rule | Known]] = rules,
) -> list[Result]:
    """The results without what comments switch off, and with what is to say of these comments.

    Args:
        known: gives the rules; it is only called where there are comments.
    """
    files = {name for result in results for name in result.files}
    places = (p for result in results for found in result.diagnostics for p in found.places)
    files |= {place.filename for place in places}
    found = {name: read for name in sorted(files) if (read := pragma.read(name))}
    if not found:  # most code has none
        return list(results)
    return Comments(found, known()).applied(results, selection.codes(known()))


@dataclass(frozen=True)
class Comments:
    """The pragmas of all files, and the rules that they may name."""

    files: Mapping[str, Sequence[Pragma]]
    rules: Sequence[Rule | Known]

    def applied(self, results: Sequence[Result], codes: Collection[str]) -> list[Result]:
        """See `suppressed`; `codes` are the rules that are on."""
        used: set[Part] = set()
        quiet = [self._without(result, used) for result in results]
        for index, complaint in self._complaints(results, used, codes):
            if complaint.code in codes and not self._by_name(complaint):
                kept = (*quiet[index].diagnostics, complaint)
                order = sorted(kept, key=lambda one: -one.severity.rank)
                quiet[index] = replace(quiet[index], diagnostics=tuple(order))
        return quiet

    def _without(self, result: Result, used: set[Part]) -> Result:
        kept = []
        for found in result.diagnostics:
            parts = [] if must_stand(found) else list(self._parts(found))
            used.update(parts)
            if not parts:
                kept.append(found)
        if len(kept) == len(result.diagnostics):
            return result
        rows = tuple(_row(row, kept) for row in result.rows)
        return replace(result, diagnostics=tuple(kept), rows=rows)

    def _parts(self, found: Diagnostic) -> Iterator[Part]:
        """The parts of comments that switch a finding off."""
        for place in found.places:
            last = max(place.row, place.end_row)
            for one in self.files.get(place.filename, ()):
                if one.whole_file or place.row <= one.location.row <= last:
                    for part in _parts(one):
                        if part[1] is None or found.code in self._meant(part[1]):
                            yield part

    def _by_name(self, complaint: Diagnostic) -> bool:
        """Whether a comment switches off a finding about comments: only if it says so.

        A useless `# convlint: ignore` would else hide that it is useless.
        """
        return any(
            selector is not None and self._normal(selector).startswith(UNCHECKED)
            for _, selector in self._parts(complaint)
        )

    def _complaints(
        self, results: Sequence[Result], used: Collection[Part], codes: Collection[str]
    ) -> Iterator[tuple[int, Diagnostic]]:
        """What is to say of the comments, each with the number of the result to tell it in."""
        # What a check that has not come to its end would have found, nobody knows.
        telling = () if any(result.unchecked for result in results) else results
        for filename, pragmas in self.files.items():
            holding = [i for i, one in enumerate(results) if filename in one.files]
            if not holding:  # an installed library's
                continue
            for one in pragmas:
                reaching = [i for i, result in enumerate(telling) if _reaches(result, one)]
                first = (reaching or holding)[0]
                for found in self._of(one, bool(reaching), used, codes):
                    yield first, replace(found, target=results[first].target)

    def _of(
        self, one: Pragma, reached: bool, used: Collection[Part], codes: Collection[str]
    ) -> Iterator[Diagnostic]:
        from convlint.judge import fault  # brings networks along, which a cached run has no use for

        if one.instead:
            yield from fault("<unknown>", one, None, None)
            return
        useless = []
        for part in _parts(one):
            _, selector = part
            meant = [rule for rule in self.rules if selector is None or self._is_of(selector, rule)]
            if selector is not None and not meant:
                yield from fault("<unknown>", one, selector, nearest(selector.text, self.rules))
            elif all(_stands(rule) for rule in meant) or (
                reached and part not in used and _was_asked(meant, codes)
            ):
                useless.append(selector)
        needed = tuple(s.text for s in one.selectors if s not in useless)
        for selector in useless:
            yield from fault("<unused>", one, selector, needed)

    def _meant(self, selector: Selector) -> frozenset[str]:
        return frozenset(rule.code for rule in self.rules if self._is_of(selector, rule))

    def _is_of(self, selector: Selector, rule: Rule | Known) -> bool:
        normal = self._normal(selector)
        return bool(normal) and covers(normal, rule)

    def _normal(self, selector: Selector) -> str:
        try:
            return parse(selector.text, self.rules)
        except SelectionError:
            return ""


def _parts(one: Pragma) -> Iterable[Part]:
    if one.instead:
        return ()
    return [(one, selector) for selector in one.selectors] or [(one, None)]


def _stands(rule: Rule | Known) -> bool:
    """Whether no comment hides what a rule says."""
    return is_fixed(rule.code) and rule.severity != "info"


def _was_asked(meant: Sequence[Rule | Known], codes: Collection[str]) -> bool:
    """Whether the rules of a part were on; of several, those that are on by default.

    Of the comments themselves too little is known: they are asked about last.
    """
    if all(rule.code in SUPPRESSIONS for rule in meant):
        return False
    return all(rule.code in codes for rule in [r for r in meant if r.default] or meant)


def _reaches(result: Result, one: Pragma) -> bool:
    """Whether the code that a comment is about ran in a target."""
    ran = {
        row for file in result.ran if file.filename == one.location.filename for row in file.rows
    }
    return bool(ran) and (all if one.whole_file else any)(row in ran for row in one.rows)


def _row(row: Row, kept: Sequence[Diagnostic]) -> Row:
    """A line of the table with the codes that are still told of its layer."""
    told = {d.code for d in kept if (d.layer, d.input_shapes) == (row.layer, row.input_shapes)}
    return replace(row, codes=tuple(code for code in row.codes if code in told))
