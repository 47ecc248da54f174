"""A published index computed again: each stretch of it from the data as they were known when it was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from basketry.core.time import to_instant
from basketry.index.result import IndexResult
from basketry.index.spans import Span, calculate_spans
from basketry.jobs.market import Market, panel_of
from basketry.lake.lake import Instant, Lake
from basketry.ledger.bodies import moment
from basketry.ledger.folder import PublishedFolder, stamp
from basketry.ledger.told import Stretch
from basketry.market.events import EventKind, EventRow
from basketry.market.panel import Panel
from basketry.market.widened import widened
from basketry.methodology.methodology import Methodology


@dataclass
class Recomputation:
    """The markets of an index, each as it was known at an instant, and the index over stretches of them.

    Attributes:
        rules: The rulebook.
        market: A panel, a lake or the path of a lake.
        start: The first instant.
        table: The lake's table of observations.
        known_by: Nothing later is known in any stretch; everything unless given.
        publications: Through which instant each was, and what it knew, in their order.
    """

    rules: Methodology
    market: Market
    start: Instant
    table: str = "daily"
    known_by: Instant | None = None
    publications: Sequence[tuple[str, str | None]] = ()
    _panels: dict[str | None, Panel] = field(default_factory=dict, init=False)

    @staticmethod
    def of(
        published: PublishedFolder, market: Market, table: str = "daily", known_by: Instant | None = None
    ) -> Recomputation:
        """Return that of a published folder."""
        told = [(body.through, body.known_by) for _, body in published.told.publications]
        return Recomputation(published.methodology, market, published.start, table, known_by, told)

    def under(self, rules: Methodology) -> Recomputation:
        """Return that of the same index under other rules."""
        return Recomputation(rules, self.market, self.start, self.table, self.known_by, self.publications)

    def panel(self, known_by: str | None = None) -> Panel:
        """Return the market as it was known at an instant; all that is known unless given."""
        if known_by not in self._panels:
            self._panels[known_by] = self._panel(known_by)
        return self._panels[known_by]

    def _panel(self, known_by: str | None) -> Panel:
        if known_by is None:
            return panel_of(self.market, self.rules, self.table, self.known_by)
        if self.known_by is not None and to_instant(self.known_by) < to_instant(known_by):
            return self.panel()
        # Reference prices depend on trades that were busted or came late, which the panel does not keep.
        if self.rules.first.prices is None or isinstance(self.market, Panel):
            return _known_by(self.panel().as_of(known_by), to_instant(known_by))
        lake = self.market if isinstance(self.market, Lake) else Lake(self.market)
        return panel_of(lake, self.rules, self.table, known_by)

    def spans(self, stretches: Sequence[Stretch]) -> list[Span]:
        """Return stretches with their markets, which hold the same assets."""
        panels = [self.panel(stretch.known_by) for stretch in stretches]
        assets = sorted(set().union(*(panel.assets for panel in panels)))
        return [
            Span(widened(panel, assets), stretch.through, stretch.level, self.late(stretch.told_by, panel))
            for panel, stretch in zip(panels, stretches, strict=True)
        ]

    def anew(self, stretch: Stretch, known_by: str | None = None) -> Stretch:
        """Return a stretch as it would be, had it begun with what was known at an instant; now unless given."""
        known = self.panel(known_by).known_by
        return replace(stretch, known_by=known_by, told_by=known_by or (None if known is None else stamp(known)))

    def late(self, told_by: str | None, panel: Panel | None = None) -> frozenset[EventRow]:
        """Return the rows of events known at an instant that were told late.

        They were not known to the first publication that went through their time. A halt is never told late: it hides
        prices from when it is known.

        Args:
            told_by: The instant; no row was told late where there is none.
            panel: A market that knows of them; that of all that is known unless given.
        """
        if told_by is None or not self.publications:
            return frozenset()
        through = np.array([moment(instant) for instant, _ in self.publications])
        return frozenset(
            event.row
            for event in (self.panel() if panel is None else panel).corporate
            if event.kind is not EventKind.HALT
            and event.known_at <= moment(told_by)
            and (place := int(through.searchsorted(event.time))) < len(through)
            and (known := self.publications[place][1]) is not None
            and event.known_at > moment(known)
        )

    def result(self, stretches: Sequence[Stretch]) -> IndexResult:
        """Return the index over some stretches; one that is open and holds nothing yet is left out."""
        told = [stretch for stretch in stretches if stretch.through is not None]
        return calculate_spans(self.rules, self.spans(told), self.start)

    def extended(self, stretches: Sequence[Stretch], end: Instant | None) -> IndexResult:
        """Return the index with its last stretch gone on to an end, with all that is known now."""
        through = None if end is None else str(to_instant(end))
        last = replace(stretches[-1], known_by=None, through=through)
        return calculate_spans(self.rules, self.spans([*stretches[:-1], last]), self.start)


def _known_by(panel: Panel, instant: np.datetime64) -> Panel:
    """Return a panel of all that was known at an instant; where nothing came since the last row, that is known too."""
    known = panel.known_by
    return panel if known is None or known >= instant else replace(panel, known_by=instant, _memory={})


def recomputed(
    published: PublishedFolder, market: Market, table: str = "daily", known_by: Instant | None = None
) -> IndexResult:
    """Return the index of a folder, computed from its rulebook and the data as they were known when it was made.

    Args:
        published: The folder.
        market: A panel, a lake or the path of a lake.
        table: The lake's table of observations.
        known_by: Know nothing later than this; all that the folder knew unless given.
    """
    return Recomputation.of(published, market, table, known_by).result(published.stretches)
