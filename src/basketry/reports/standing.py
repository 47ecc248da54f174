"""What a record says of a published index that its pages tell beside its figures: its end, and its names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from basketry.index.proforma import ProForma
from basketry.methodology.methodology import Methodology
from basketry.methodology.schedule import RebalanceDate
from basketry.reports.change_log import LogEntry, change_log


@dataclass(frozen=True)
class Naming:
    """A name of an index: its first day ("the base" of the first one), who approved it, and why."""

    valid_from: str
    name: str
    symbol: str
    note: str = ""
    approver: str = ""


@dataclass(frozen=True)
class Standing:
    """What an index is said to be at its last level.

    Attributes:
        notice: A sentence that stands above all, as that the index ends.
        ends: Its last level, where an end was announced: nothing that takes effect later is told.
        name, symbol: Those in force; of the rulebook where they are ''.
        namings: All its names, where it has had several or will have.
    """

    notice: str = ""
    ends: np.datetime64 | None = None
    name: str = ""
    symbol: str = ""
    namings: tuple[Naming, ...] = ()

    def named(self, methodology: Methodology) -> Methodology:
        """Return a rulebook under the name in force; its digest is another one then."""
        name, symbol = self.name or methodology.name, self.symbol or methodology.symbol
        if (name, symbol) == (methodology.name, methodology.symbol):
            return methodology
        return replace(methodology, document={**methodology.document, "name": name, "symbol": symbol})

    def reached(self, changes: Sequence[_Change]) -> list[_Change]:
        """Return the changes that take effect by the end."""
        return [entry for entry in changes if self.ends is None or entry.effective_at <= self.ends]

    def coming(self, methodology: Methodology, after: np.datetime64) -> list[LogEntry]:
        """Return the versions of the rules that take effect after an instant, and by the end."""
        numbers = {
            version.number
            for version in methodology.versions
            if version.valid_from > after and (self.ends is None or version.valid_from <= self.ends)
        }
        return [entry for entry in change_log(methodology) if entry.number in numbers] if numbers else []


_Change = TypeVar("_Change", RebalanceDate, ProForma)
PLAIN = Standing()
"""Of an index of which no record says more."""
