"""What would have changed the index: the history calculated again with one rule or input changed at a time."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import BasketryError, DataError, MethodologyError, nearest_hint
from basketry.core.numbers import Floats
from basketry.evaluation.baskets import basket_at, trades_of
from basketry.evaluation.comparison import align, figures_of
from basketry.evaluation.concentration import effective_number
from basketry.index.calculate import Instant, calculate_index
from basketry.index.result import IndexResult
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

Document = dict[str, Any]
Cost = Callable[[IndexResult], float]

CHANGES = {
    "level": "last level over that of the rules as they are, less one",
    "annual_return": "compound return a year, difference in fractions",
    "volatility": "annualised volatility, difference in fractions",
    "drawdown": "largest drawdown, difference in fractions; negative is deeper",
    "tracking_error": "standard deviation of the difference in return to the rules as they are, annualised",
    "turnover": "one-way turnover a year, difference in fractions",
    "effective_number": "of the last basket, difference",
    "cost": "yearly cost as the caller's function gives it, difference",
}


@dataclass(frozen=True)
class Variation:
    """One rule or input set differently.

    Attributes:
        parameter: What is varied: cap, members, rebalance, fixing, venue, constituent.
        value: The other value, in words.
        change: Gives the changed rulebook from a copy of its document; None leaves it.
        panel: The market to use instead; None for the same.
        asset: The asset it is about, which the market must hold; None for none.
    """

    parameter: str
    value: str
    change: Callable[[Document], None] | None = None
    panel: Panel | None = None
    asset: str | None = None


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How much an index depends on its rules and inputs.

    Attributes:
        base: The index as its rules are.
        table: One row a variation: parameter, value, the changes of CHANGES, and problem (why it could not be
            calculated; '' otherwise).
        paths: Level of each calculated variation over that of the base at the common instants, by
            'parameter: value'.
    """

    base: IndexResult
    table: pl.DataFrame
    paths: Mapping[str, tuple[np.ndarray[tuple[int], np.dtype[np.datetime64]], Floats]]

    def tornado(self, figure: str) -> pl.DataFrame:
        """Return the data of a tornado plot, the widest bar first: parameter, low, high, low_value, high_value, range.

        `low` and `high` are the least and the greatest change of the figure over the values tried and the base
        (0, named 'as it is').

        Raises:
            DataError: The figure is not one of CHANGES.
        """
        if figure not in CHANGES:
            raise DataError(f"no figure {figure!r}{nearest_hint(figure, CHANGES)}; figures: {', '.join(CHANGES)}")
        rows = []
        for (parameter,), tried in self.table.group_by("parameter", maintain_order=True):
            known = [(0.0, "as it is"), *tried.drop_nulls(figure).select(figure, "value").iter_rows()]
            if len(known) == 1:
                continue
            low, high = min(known, key=lambda pair: pair[0]), max(known, key=lambda pair: pair[0])
            rows.append((parameter, low[0], high[0], low[1], high[1], high[0] - low[0]))
        names = ["parameter", "low", "high", "low_value", "high_value", "range"]
        kinds = [pl.String, pl.Float64, pl.Float64, pl.String, pl.String, pl.Float64]
        table = pl.DataFrame(rows, schema=dict(zip(names, kinds, strict=True)), orient="row")
        return table.sort("range", "parameter", descending=[True, False])


def sensitivity(
    methodology: Methodology,
    panel: Panel,
    variations: Sequence[Variation],
    *,
    start: Instant | None = None,
    end: Instant | None = None,
    cost: Cost | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Sensitivity:
    """Return how the history changes with each variation, one at a time, all else as it is.

    A variation whose rules cannot be satisfied is kept in the table with its problem. Figures are of the common
    instants, so another fixing time is compared through its own levels: with no instant in common, by the levels at
    or before each instant of the base.

    Args:
        methodology: The rules as they are.
        panel: The market.
        variations: See `standard_variations`, `set_cap`, `set_members` and so on.
        start: First day, as in `calculate_index`.
        end: Last instant.
        cost: Yearly cost of an index as a fraction, for example by `index_replicability` at a size.
        progress: Told each variation before it is calculated.

    Raises:
        BasketryError: The rules as they are cannot be calculated.
    """
    base = calculate_index(methodology, panel, start, end)
    rows: list[dict[str, Any]] = []
    paths = {}
    for variation in variations:
        name = f"{variation.parameter}: {variation.value}"
        progress(name)
        try:
            changed, market = varied(methodology, variation), variation.panel or panel
            if variation.asset is not None:
                market.position(variation.asset)
            other = calculate_index(changed, market, start, end)
            found, path = _changes(base, other, cost)
        except BasketryError as error:
            rows.append({"parameter": variation.parameter, "value": variation.value, "problem": str(error)})
            continue
        paths[name] = (base.times, path)
        rows.append({**found, "parameter": variation.parameter, "value": variation.value, "problem": ""})
    schema = {"parameter": pl.String, "value": pl.String, **dict.fromkeys(CHANGES, pl.Float64), "problem": pl.String}
    return Sensitivity(base, pl.DataFrame(rows, schema=schema).fill_nan(None), paths)


def varied(methodology: Methodology, variation: Variation) -> Methodology:
    """Return the methodology with a variation's change in every version of its rules."""
    if variation.change is None:
        return methodology
    document: Document = copy.deepcopy(dict(methodology.document))
    variation.change(document)
    return Methodology.load(document)


def set_cap(limit: float) -> Variation:
    """Return the variation with another cap of each weight; other caps are left out, as they may contradict it."""

    def change(document: Document) -> None:
        for part in _parts(document, "weight"):
            entry = part["weight"]
            weight = {"by": entry} if isinstance(entry, str) else dict(entry)
            part["weight"] = {**weight, "cap": limit}

    return Variation("cap", f"{limit:.0%}", change)


def set_members(number: int) -> Variation:
    """Return the variation with another number of members; ranks of a buffer move in proportion."""

    def change(document: Document) -> None:
        for part in _parts(document, "select"):
            select = dict(part["select"])
            if not isinstance(select.get("top"), int):
                raise MethodologyError("select: the rules do not take a number of the largest, so it cannot be varied")
            if "enter" in (select.get("buffer") or {}):
                ratio = number / select["top"]
                buffer = {**select["buffer"]}
                enter = max(1, min(number, round(buffer["enter"] * ratio)))
                select["buffer"] = {"enter": enter, "leave": max(number, round(buffer["leave"] * ratio))}
            part["select"] = {**select, "top": number}

    return Variation("members", f"{number}", change)


def set_frequency(every: str) -> Variation:
    """Return the variation that rebalances every week, month, quarter or number of days ('10d')."""

    def change(document: Document) -> None:
        for part in _parts(document, "rebalance"):
            rules = {key: value for key, value in part["rebalance"].items() if key not in ("on", "months")}
            on = part["rebalance"].get("on")
            if on is not None and every in ("month", "quarter", "year") and str(on) not in _WEEK:
                rules["on"] = on
            part["rebalance"] = {**rules, "every": every, **({"on": "monday"} if every == "week" else {})}

    return Variation("rebalance", f"every {every}", change)


def set_fixing(at: str, zone: str = "UTC") -> Variation:
    """Return the variation with another fixing time, such as '16:00' in 'Europe/London'.

    It needs a panel with observations within the day; on a daily panel the price before is used.
    """

    def change(document: Document) -> None:
        for part in _parts(document, "rebalance"):
            part["rebalance"] = {**part["rebalance"], "at": at, "zone": zone}

    return Variation("fixing", f"{at} {zone}", change)


def leave_out(asset: str) -> Variation:
    """Return the variation without one asset."""

    def change(document: Document) -> None:
        document.setdefault("universe", [])
        for part in _parts(document, "universe"):
            part["universe"] = [*(part["universe"] or []), {"exclude_assets": [asset]}]

    return Variation("constituent", f"without {asset}", change, asset=asset)


def leave_out_venue(panel: Panel, prices: Mapping[str, Floats], venue: str) -> Variation:
    """Return the variation whose prices are the median over venues with one of them left out.

    Args:
        panel: The market; its fields other than price are kept.
        prices: Price of every asset at every instant by venue, NaN where it has none, each of shape (T, N).
        venue: Which to leave out.

    An asset for which the other venues have no price at an instant has none there. The base should be made of the
    median of all venues, for which pass the panel of `median_of_venues`.

    Raises:
        DataError: The venue is not known, or is the only one.
    """
    if venue not in prices:
        raise DataError(f"no prices of venue {venue!r}{nearest_hint(venue, prices)}; venues: {', '.join(prices)}")
    rest = {name: values for name, values in prices.items() if name != venue}
    if not rest:
        raise DataError(f"{venue!r} is the only venue; without it there are no prices")
    return Variation("venue", f"without {venue}", panel=median_of_venues(panel, rest))


def median_of_venues(panel: Panel, prices: Mapping[str, Floats]) -> Panel:
    """Return the panel with the median over venues as its price; NaN where no venue has one."""
    from basketry.market.statistics import window_statistic

    stacked = np.stack([np.asarray(values, dtype=np.float64) for values in prices.values()])
    if stacked.shape[1:] != (len(panel.times), len(panel.assets)):
        raise DataError(
            f"prices by venue have shape {stacked.shape[1:]}, expected {(len(panel.times), len(panel.assets))}"
        )
    flat = window_statistic(stacked.reshape(len(stacked), -1), "median").reshape(stacked.shape[1:])
    return replace(panel, fields={**panel.fields, "price": flat}, _memory={})


def standard_variations(methodology: Methodology, base: IndexResult | None = None) -> list[Variation]:
    """Return the usual questions: cap 20%, 30% and 40%, 10 to 50 members, weekly to quarterly, the largest left out.

    Those that the rules already have, and those that do not apply, are not among them.
    """
    rules = methodology.first
    number = getattr(rules.select.method, "number", None)
    caps = [getattr(cap, "limit", None) for cap in rules.weight.caps]
    every = methodology.document["rebalance"].get("every")
    found: list[Variation] = [set_cap(limit) for limit in (0.2, 0.3, 0.4) if limit not in caps]
    if isinstance(number, int):
        found += [set_members(count) for count in (10, 20, 30, 50) if count != number]
    found += [set_frequency(name) for name in ("week", "month", "quarter") if name != every]
    if base is not None:
        found.append(leave_out(next(iter(base.weights()))))
    return found


_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _parts(document: Document, key: str) -> list[Document]:
    """Return the document and the changes of its versions that hold a section."""
    changed = [version["changes"] for version in document.get("versions") or []]
    return [part for part in (document, *changed) if key in part]


def _changes(base: IndexResult, other: IndexResult, cost: Cost | None) -> tuple[dict[str, float], Floats]:
    levels = other.level()[np.maximum(np.searchsorted(other.times, base.times, side="right") - 1, 0)]
    aligned = align({"base": (base.times, base.level()), "other": (base.times, levels)})
    before, after = figures_of(aligned, 0), figures_of(aligned, 1)
    difference = aligned.returns[:, 1] - aligned.returns[:, 0]
    relative = levels / base.level()
    # Both start at the base level, wherever the fixing of the first day falls.
    relative = relative / relative[0]
    found = {
        "level": float(relative[-1] - 1),
        **{name: after[name] - before[name] for name in ("annual_return", "volatility", "drawdown")},
        "tracking_error": float(difference.std(ddof=1) * np.sqrt(aligned.per_year)),
        "turnover": trades_of(other).turnover - trades_of(base).turnover,
        "effective_number": _effective(other) - _effective(base),
    }
    if cost is not None:
        found["cost"] = cost(other) - cost(base)
    return found, relative


def _effective(result: IndexResult) -> float:
    return effective_number(basket_at(result, result.times[-1])[1])
