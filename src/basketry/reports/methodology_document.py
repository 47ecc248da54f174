"""The methodology document: the rulebook in words, tables and formulas, generated from the rulebook itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from basketry.core.rule import Rule
from basketry.index.plan import next_dates, reviewed
from basketry.index.proforma import ProForma
from basketry.index.records import Scope
from basketry.methodology.methodology import Methodology
from basketry.methodology.rulebook import Rulebook
from basketry.methodology.schedule import RebalanceDate
from basketry.reports import policies
from basketry.reports.change_log import change_log
from basketry.reports.eras import eras
from basketry.reports.inputs import input_hierarchy
from basketry.reports.pages import render
from basketry.reports.proforma import next_compositions
from basketry.reports.standing import PLAIN, Standing
from basketry.reports.units import units_of

DATES = 4


def methodology_document(
    methodology: Methodology,
    *,
    after: np.datetime64 | None = None,
    simulated: bool = False,
    base: np.datetime64 | None = None,
    announced: Sequence[ProForma] = (),
    version: int | None = None,
    standing: Standing = PLAIN,
) -> str:
    """Return the rulebook as an HTML page that needs no network. The same arguments give the same text.

    Args:
        methodology: The rulebook; the rules of one version are described, the others in the change log, with those
            that made and judged levels of the past, of its parents too.
        after: The next dates are those after this instant; after the base unless given.
        simulated: Say that the index is computed on a simulated market.
        base: Where the index begins, from whose day a number of days is counted; as the rulebook says unless given.
        announced: Changes that are announced and have not taken effect, see `announced_changes`.
        version: Number of the version that is described, such as that in force at the last level; the newest unless
            given. Later ones are told as coming.
        standing: What its record says: that it ends, and its names.
    """
    digest, methodology = methodology.digest, standing.named(methodology)
    described = methodology.versions[-1 if version is None else version - 1]
    rules = described.rules
    start = methodology.base_instant if base is None else base
    moment = start if after is None else after
    dates = standing.reached(next_dates(methodology, moment, DATES, start))
    log = change_log(methodology)
    return render(
        "methodology.html",
        methodology=methodology,
        rules=rules,
        simulated=simulated,
        digest=digest,
        notice=standing.notice,
        ends=standing.ends,
        described=log[described.number - 1],
        coming_rules=[] if version is None else standing.coming(methodology, described.valid_from),
        namings=standing.namings,
        universe=[_rule(rule) for rule in rules.universe],
        selection={
            **_rule(rules.select.method),
            "words": rules.select.words(),
            "formula": rules.select.formula,
            "source": rules.select.source,
            "parameters": [*_parameters(rules.select.method), *_ranking(rules)],
        },
        weighting={**_rule(rules.weight.rule), "words": rules.weight.rule_words()},
        caps=[{**_rule(cap), "formula": _summing(cap.equation(), rules)} for cap in rules.weight.caps],
        cash=None if rules.weight.cash is None else _rule(rules.weight.cash),
        turnover=None if rules.weight.turnover is None else _rule(rules.weight.turnover),
        triggers=[_rule(trigger) for trigger in rules.triggers],
        returns=[{**_rule(rule), "column": rule.column()} for rule in rules.returns],
        schedule=_parameters(rules.schedule),
        review=[] if rules.review is None else _parameters(rules.review),
        reviews=rules.reviews,
        reviewed=_reviewed(methodology, dates, start),
        next_reviews=standing.reached(next_dates(methodology, moment, 2, start, reviews=True)),
        coming=next_compositions(standing.reached(announced)),
        parents=list(_ancestors(methodology)),
        live=policies.live_age(rules),
        base=start,
        dates=dates,
        after=moment,
        inputs=input_hierarchy(rules),
        units=units_of(rules),
        missing=policies.missing_prices(rules),
        guards=policies.guards(rules),
        events=policies.corporate_events(rules),
        restatement=policies.restatement(rules),
        publication=policies.publication(rules),
        shortage=policies.shortage(rules),
        log=log,
        eras=eras(methodology),
        parent_eras={parent.symbol: rows for parent in _ancestors(methodology) if (rows := eras(parent))},
    )


def _reviewed(
    methodology: Methodology, dates: list[RebalanceDate], start: np.datetime64
) -> dict[np.datetime64, RebalanceDate]:
    """Return by effective instant when members are determined, where a change determines them."""
    whole = [entry for entry in dates if methodology.at(entry.effective_at).rules.reviews is None]
    own = reviewed(methodology, [(entry, Scope.WEIGHTS) for entry in dates], np.array([start]))
    return {entry.effective_at: entry for entry in (*whole, *(entry for entry, _ in own))}


def _ancestors(methodology: Methodology) -> Iterator[Methodology]:
    """Yield the parents of a rulebook and theirs, nearest first."""
    for parent in methodology.parents:
        yield parent
        yield from _ancestors(parent)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "words": rule.words(),
        "formula": rule.equation(),
        "source": rule.source,
        "parameters": _parameters(rule),
    }


def _summing(equation: str, rules: Rulebook) -> str:
    """Return the formula of a limit with what the weights of the selected sum to, which is less than 1 beside cash."""
    return equation if rules.weight.cash is None else equation.replace("Σ w_i = 1", "Σ w_i = 1 - c")


def _ranking(rules: Rulebook) -> list[tuple[str, str, bool]]:
    select = rules.select
    buffer = None if select.buffer is None else select.buffer.model_dump()
    stages = [stage.entry() for stage in select.first] or None
    values: dict[str, Any] = {"first": stages, "by": select.by.entry(), "order": select.order, "buffer": buffer}
    values |= {"min_count": select.min_count, "max_count": select.max_count}
    usual = {"order": "descending"}
    return [(key, _value(value), usual.get(key) == value) for key, value in values.items() if value is not None]


def _parameters(part: BaseModel) -> list[tuple[str, str, bool]]:
    """Return the parameters of a part of the rulebook: name, value, and whether the value is the default."""
    stated = part.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    values = part.model_dump(mode="json", by_alias=True)
    return [(key, _value(value), key not in stated) for key, value in values.items() if value is not None]


def _value(value: Any) -> str:
    """Return a parameter as a person writes it.

    >>> _value(1e7), _value(["a", "b"]), _value({"btc": 0.5}), _value(True)
    ('10,000,000', 'a, b', 'btc: 0.5', 'yes')
    >>> _value({"btc": {"min": 0.1, "max": None}, "eth": {"min": 0.2, "max": 0.4}})
    'btc: (min: 0.1), eth: (min: 0.2, max: 0.4)'
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        stated = {key: _value(entry) for key, entry in value.items() if entry is not None}
        parts = (
            f"{key}: ({words})" if isinstance(value[key], dict) else f"{key}: {words}" for key, words in stated.items()
        )
        return ", ".join(parts) or "none"
    if isinstance(value, list):
        return ", ".join(_value(entry) for entry in value) or "none"
    if isinstance(value, float) and value == round(value) and abs(value) < 1e15:
        value = round(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
