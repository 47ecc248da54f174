"""What a change of rules may not hold, as nothing can be calculated or decided by it: told before it is signed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from basketry.core.errors import BasketryError, MethodologyError, nearest_hint
from basketry.core.time import format_instant
from basketry.index.calculate import index_history
from basketry.index.determine import determine
from basketry.index.result import IndexResult
from basketry.index.trial import try_return
from basketry.jobs.check_names import SECTIONS, lacking, readers, unheard
from basketry.jobs.check_overrides import reversed_dates
from basketry.market.membership import for_change
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology
from basketry.methodology.rulebook import Rulebook


def require_usable(old: Methodology, new: Methodology, before: IndexResult, panel: Panel) -> tuple[str, ...]:
    """Return in words what a new rulebook names and the data never hold; raise where its new rules cannot be used.

    They are asked what they would determine at the last level, and new series of returns are tried over the last step.

    Args:
        old: The rulebook so far. new: With a version or an override more.
        before: The index under the old one, to its last published level.
        panel: The market, with all that is known.

    Raises:
        MethodologyError: A figure is not in the data, an override names an asset that is not, or ends before it begins,
            or the rules cannot be satisfied.
    """
    rules, so_far = new.latest, old.latest
    if rules == so_far:
        return ()
    faults = [*_overrides(rules, so_far, panel), *_lacking(rules, so_far, panel)]
    if not faults:
        faults += _untried(new, so_far, before, panel)
    if faults:
        raise MethodologyError(f"{'; '.join(faults)}. Nothing was written")
    known = {words for _, words in _said(so_far, panel)}
    return tuple(f"{key}: {words}" for key, words in _said(rules, panel) if words not in known)


def _overrides(rules: Rulebook, so_far: Rulebook, panel: Panel) -> Iterator[str]:
    for entry in rules.overrides:
        if entry in so_far.overrides:
            continue
        words = reversed_dates(entry)
        if words is not None:
            yield f"the override of {entry.asset}: {words}"
        if entry.asset not in panel.assets:
            yield f"overrides: the data hold no asset {entry.asset!r}{nearest_hint(entry.asset, panel.assets)}"


def _lacking(rules: Rulebook, so_far: Rulebook, panel: Panel) -> Iterator[str]:
    for key in SECTIONS:
        known = {words for _, reads in readers(so_far, key) for _, words in lacking(reads, panel)}
        for _, reads in readers(rules, key):
            yield from (f"{key}: {words}" for _, words in lacking(reads, panel) if words not in known)


def _said(rules: Rulebook, panel: Panel) -> Iterator[tuple[str, str]]:
    for key in SECTIONS:
        for _, reads in readers(rules, key):
            yield from ((key, words) for _, words in unheard(reads, panel))


def _untried(new: Methodology, so_far: Rulebook, before: IndexResult, panel: Panel) -> Iterator[str]:
    """Give why the rules of the newest version cannot be satisfied at the last level."""
    last, basket = before.times[-1], before.state.basket
    held = np.zeros(0, dtype=bool)
    try:
        market = index_history(new, panel, before.times[0], last).panel
        held = np.zeros(len(market.assets), dtype=bool)
        if basket is not None:
            names = {before.state.assets[column] for column in basket.columns.tolist()}
            held = np.array([name in names for name in market.assets])
        determine(new.versions[-1], for_change(market.as_of(last), last, last), held)
        for rule in new.latest.returns:
            if rule not in so_far.returns and len(before.times) > 1:
                try_return(rule, new.first.base.level, market, before.times[-2:])
    except BasketryError as error:
        yield f"the new rules cannot be computed on the data of {format_instant(last)}: {error}"
