"""The user's files as trees, and expressions in them with the frames that ran them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import libcst as cst

from convlint import surrogate
from convlint.fix.tree import Tree
from convlint.frame import Frame, FrameFilter


@dataclass(frozen=True, slots=True)
class Sources:
    """The trees of the user's own files, each parsed when it is first asked for."""

    filter: FrameFilter = field(default_factory=FrameFilter)
    _trees: dict[str, Tree | None] = field(default_factory=dict)

    def tree(self, filename: str) -> Tree | None:
        """The tree of a file; None where it cannot be read."""
        if filename not in self._trees:
            try:
                self._trees[filename] = Tree(filename, surrogate.text(filename))
            except (SyntaxError, OSError, UnicodeDecodeError):
                self._trees[filename] = None
        return self._trees[filename]

    def site(self, frames: tuple[Frame, ...]) -> Site | None:
        """The expression that the first of `frames` was running, where it is the user's own."""
        if not frames or not self.filter.is_own(frames[0].code):
            return None
        place = frames[0].location
        tree = self.tree(place.filename)
        node = tree.running(place) if tree is not None else None
        return Site(self, tree, node, frames) if tree is not None and node is not None else None


@dataclass(frozen=True, slots=True)
class Site:
    """An expression of the user's code; `frames` were running it, the innermost first."""

    sources: Sources
    tree: Tree
    node: cst.BaseExpression | cst.AugAssign
    frames: tuple[Frame, ...]
    followed: frozenset[cst.CSTNode] = frozenset()
    """The expressions that led here: a name may stand for itself."""

    @property
    def code(self) -> str:
        """What is written there."""
        return self.tree.code(self.node)

    def to(self, node: cst.BaseExpression) -> Site:
        """Another expression of the same function."""
        return replace(self, node=node)

    def caller(self, function: str) -> Site | None:
        """The call of the running function of this name."""
        for i, frame in enumerate(self.frames):
            if frame.code.co_name == function:
                found = self.sources.site(self.frames[i + 1 :])
                return replace(found, followed=self.followed) if found is not None else None
        return None
