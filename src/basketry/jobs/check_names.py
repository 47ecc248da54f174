"""Check what rules read or name against data: figures that they lack; assets, tags and sectors that they never hold."""

from __future__ import annotations

from collections.abc import Iterator

from basketry.core.errors import nearest_hint
from basketry.core.rule import Reads
from basketry.market.cash import CASH
from basketry.market.panel import Panel
from basketry.methodology.metrics import DERIVED, made_of
from basketry.methodology.rulebook import Rulebook

Place = tuple[str | int, ...]
SECTIONS = ("universe", "select", "weight", "rebalance", "overrides")
"""Sections of a rulebook that read or name."""


def readers(rules: Rulebook, section: str) -> Iterator[tuple[Place, Reads]]:
    """Give what each part of a section reads, and where the part stands in it."""
    if section == "universe":
        yield from (((place, rule.name), rule.reads) for place, rule in enumerate(rules.universe))
    elif section == "select":
        yield from (((), reads) for reads in (rules.select.reads, rules.select.method.reads))
    elif section == "weight":
        yield from (((), rule.reads) for rule in (rules.weight.rule, *rules.weight.beside))
    elif section == "rebalance":
        yield from ((("triggers", place), rule.reads) for place, rule in enumerate(rules.triggers))
    else:
        yield from (((place,), Reads(assets=(entry.asset,))) for place, entry in enumerate(rules.overrides))


def lacking(reads: Reads, panel: Panel) -> Iterator[tuple[str, str]]:
    """Give each figure without which a part cannot be asked, and that the data lack, with words."""
    held = f"the data hold {', '.join(sorted(panel.fields))}"
    for name in reads.fields:
        if name not in panel.fields:
            hint = ", which is derived and has no window" if name in DERIVED else nearest_hint(name, panel.fields)
            yield name, f"there is no figure {name!r}{hint}; {held}"
    for name in reads.figures:
        lacking = [part for part in made_of(name, panel.fields) if part not in panel.fields]
        if lacking == [name]:
            derived = [figure for figure in DERIVED if set(made_of(figure)) <= panel.fields.keys()]
            hint = nearest_hint(name, [*panel.fields, *derived])
            yield name, f"there is no figure {name!r}{hint}; {held}; derived are {', '.join(derived)}"
        elif lacking:
            yield name, f"{name} is made of {' and '.join(lacking)}; {held}"


def unheard(reads: Reads, panel: Panel) -> Iterator[tuple[str, str]]:
    """Give each asset, tag and sector that a part names and that the data never hold, with words, and no sectors."""
    for kind, names in (("asset", reads.assets), *reads.facts.items()):
        known = set(panel.assets) if kind == "asset" else panel.facts.known(kind)
        if not known:
            yield kind, f"the data hold no {kind}s; import them with: basketry data import FILE --table classifications"
            continue
        for name in names:
            if name not in known:
                hint = (
                    "; a cash member is stated by weight.cash alone, as in {by: market_cap, cash: 0.2}, and named "
                    "nowhere else"
                )
                hint = hint if (kind, name) == ("asset", CASH) else nearest_hint(name, known)
                yield name, f"the data hold no {kind} {name!r}{hint}"
