"""Which figures the rules of an index read, and where each comes from in order of preference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basketry.core.rule import Rule
from basketry.methodology.metrics import made_of
from basketry.methodology.rulebook import Rulebook

_BESIDE = {"market_cap": ("supply",), "free_float_market_cap": ("free_float",)}
_RECENT = "Its last observation, at most three days old; after that it is unknown."


@dataclass(frozen=True)
class Input:
    """A figure that an index reads.

    Attributes:
        figure: What it is.
        readers: The parts of the rulebook that read it.
        order: Where it comes from, the preferred source first.
    """

    figure: str
    readers: tuple[str, ...]
    order: tuple[str, ...]


def input_hierarchy(rules: Rulebook) -> list[Input]:
    """Return every figure that some rules read, with its sources in order; price first."""
    readers: dict[str, list[str]] = {"price": ["calculation", "candidates"]}
    rates: dict[str, list[str]] = {}
    for place, rule in _rules(rules):
        for name in figures_read(rule):
            _enter(readers, name, place)
        for name in rule.reads.rates:
            _enter(rates, name, place)
    for name, place in _sections(rules):
        _enter(readers, name, place)
    found = [Input(_title(name), tuple(places), _order(name)) for name, places in readers.items()]
    found += [
        Input(
            f"rate {name}",
            tuple(places),
            ("The value of the table of rates in force and known at the instant.", "None: the calculation is refused."),
        )
        for name, places in rates.items()
    ]
    return [*found, _events()]


def figures_read(rule: Rule) -> Iterator[str]:
    """Yield the figures and classifications that a rule reads, derived figures as their parts."""
    reads = rule.reads
    for name in (*reads.facts, *reads.fields, *reads.figures, *reads.optional):
        yield from parts(name)


def parts(name: str) -> tuple[str, ...]:
    """Return the figures of which a derived one is made, or the figure itself; a capitalisation is made of a supply.

    >>> parts("volatility_90d"), parts("market_cap"), parts("free_float_market_cap"), parts("tvl")
    (('price',), ('market_cap', 'supply'), ('price', 'supply', 'free_float'), ('tvl',))
    """
    return (*made_of(name), *_BESIDE.get(name, ()))


def _rules(rules: Rulebook) -> Iterator[tuple[str, Rule]]:
    yield from (("universe", rule) for rule in rules.universe)
    yield "selection", rules.select.method
    yield from (("selection", stage.method) for stage in rules.select.first)
    yield "weighting", rules.weight.rule
    yield from (("capping", rule) for rule in rules.weight.caps)
    yield from (("cash", rule) for rule in (rules.weight.cash,) if rule is not None)
    yield from (("triggers", rule) for rule in rules.triggers)
    yield from (("returns", rule) for rule in rules.returns)


def _sections(rules: Rulebook) -> Iterator[tuple[str, str]]:
    reads = rules.select.reads
    for figure in (*reads.figures, *reads.fields, *reads.optional):
        for name in parts(figure):
            yield name, "ranking"
    if rules.guard.supply_change is not None:
        yield "supply", "guard"
    if rules.guard.min_turnover is not None:
        yield "volume", "guard"
        yield "market_cap", "guard"


def _enter(table: dict[str, list[str]], name: str, place: str) -> None:
    places = table.setdefault(name, [])
    if place not in places:
        places.append(place)


def _title(name: str) -> str:
    known = {
        "tag": "tags",
        "sector": "sectors",
        "market_cap": "market capitalisation",
        "volume": "value traded in 24 hours",
    }
    return known.get(name, name.replace("_", " "))


def _order(name: str) -> tuple[str, ...]:
    return {
        "price": (
            "The price observed at the instant.",
            "The last price observed, as long as the policy on missing prices carries it.",
            "None: the policy on missing prices decides.",
        ),
        "market_cap": (
            "Price times the supply of the supply table, as it was known at the instant.",
            "The capitalisation that the source states.",
            _RECENT,
        ),
        "supply": (
            "The supply table, as it was known at the instant.",
            "Capitalisation over price, as the source states them.",
            "The supply believed before, where the guard does not believe the one stated.",
        ),
        "free_float": ("The free float of the supply table, as it was known at the instant.", "The whole supply."),
        "volume": ("The value traded that the source states; days without one do not count in a window.", _RECENT),
        "tag": ("The tags in force on the day; without an entry the asset carries none.",),
        "sector": ("The sector in force on the day; without an entry the asset has none.",),
        "staking_yield": ("The yield in force and known at the instant.", "None: nothing is earned."),
    }.get(
        name, ("The figure in force and known at the instant.", _RECENT, "None: it passes no bound and earns no rank.")
    )


def _events() -> Input:
    return Input(
        "corporate events",
        ("calculation", "candidates"),
        ("The table of events, each from the later of its instant and the moment at which it was known.",),
    )
