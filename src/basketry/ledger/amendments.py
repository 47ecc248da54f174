"""Rulebooks that a published index had: each amendment adds a version or an override, and changes nothing before it.

One that has not taken effect may be withdrawn. The line that does so holds what leaves the rulebook, so that every
rulebook that an index ever had is found in the last one and the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from basketry.core.digest import canonical_json, digest_bytes
from basketry.core.time import to_instant
from basketry.ledger.bodies import AmendedBody, RulesBody, TakenBody, WithdrawnBody, moment
from basketry.ledger.record import Entry
from basketry.ledger.told import Told, told
from basketry.methodology.methodology import Methodology

_LISTS = ("versions", "overrides")


def rules_of(document: Mapping[str, Any]) -> RulesBody:
    """Return what a record says of a rulebook: digest, name, symbol, and the number of versions and overrides."""
    counts = {name: len(document[name]) if name in document else None for name in _LISTS}
    digest = digest_bytes(canonical_json(document).encode())
    return RulesBody(digest=digest, name=str(document["name"]), symbol=str(document["symbol"]), **counts)


def before(document: Mapping[str, Any], rules: RulesBody) -> dict[str, Any]:
    """Return a rulebook as it was: with so many versions and overrides, and under its earlier name."""
    found = {**document, "name": rules.name, "symbol": rules.symbol}
    for name in _LISTS:
        count = getattr(rules, name)
        if count is None:
            found.pop(name, None)
        else:
            found[name] = list(document.get(name) or [])[:count]
    return found


def taken_from(document: Mapping[str, Any], rules: RulesBody) -> TakenBody:
    """Return what leaves a rulebook that becomes again what it was, see `before`."""
    left: dict[str, Any] = {
        name: list(document.get(name) or [])[getattr(rules, name) or 0 :] or None for name in _LISTS
    }
    for name in ("name", "symbol"):
        left[name] = None if document[name] == getattr(rules, name) else document[name]
    return TakenBody(**left)


def with_taken(document: Mapping[str, Any], taken: TakenBody) -> dict[str, Any]:
    """Return a rulebook as it was before something was taken from it."""
    found = dict(document)
    for name in ("name", "symbol"):
        found[name] = getattr(taken, name) or document[name]
    for name in _LISTS:
        if getattr(taken, name):
            found[name] = [*(document.get(name) or []), *getattr(taken, name)]
    return found


def named_at(said: Told, rules: Methodology, instant: np.datetime64) -> tuple[str, str]:
    """Return name and symbol of an index at an instant: an amendment that changes them does so from its day on."""
    found = rules.name, rules.symbol
    renames = renamings(said)
    if renames:
        found = renames[0].before.name, renames[0].before.symbol
    for body in renames:
        if moment(body.effective) <= instant:
            found = body.rules.name, body.rules.symbol
    return found


def renamings(said: Told) -> list[AmendedBody]:
    """Return the amendments that stand and that change the name or the symbol, in order."""
    return [
        body
        for _, body in said.amendments
        if (body.before.name, body.before.symbol) != (body.rules.name, body.rules.symbol)
    ]


def fault_of_rules(record: list[Entry], said: Told, rules: Methodology) -> str | None:
    """Return where a rulebook is not the one of a record with its amendments; None where it is.

    Every amendment takes effect after what was published when it was made. What was withdrawn is put back on the way to
    the amendment that brought it.
    """
    document: Mapping[str, Any] = rules.document
    for entry, body in reversed(said.acts):
        if isinstance(body, WithdrawnBody):
            fault, document = _put_back(record, body, document)
            if fault is not None:
                return f"entry {entry.seq} (withdrawn): {fault}"
            continue
        if rules_of(document) != body.rules:
            return f"the rulebook is not the one of entry {entry.seq} of the record (amended)"
        fault = _fault(record, entry, body, document)
        if fault is not None:
            return f"entry {entry.seq} (amended): {fault}"
        document = before(document, body.before)
        if rules_of(document) != body.before:
            return f"entry {entry.seq} (amended) does not go on from the rules before it"
    head = record[0].body
    first = rules_of(document)
    for name in ("digest", "symbol", "name"):
        if head.get(name) != getattr(first, name):
            what = f"{name} {getattr(first, name)!r}, not {head.get(name)!r}"
            return f"methodology.yaml is not the rulebook of the record: {what}"
    return None


def _put_back(
    record: list[Entry], body: WithdrawnBody, document: Mapping[str, Any]
) -> tuple[str | None, Mapping[str, Any]]:
    """Return what is wrong with a withdrawal, and the rulebook before it."""
    act = AmendedBody.model_validate(dict(record[body.entry].body))
    if body.taken is None or rules_of(document) != act.before:
        return "does not go back to the rules before the amendment", document
    found = with_taken(document, body.taken)
    if rules_of(found) != act.rules or taken_from(found, act.before) != body.taken:
        return "takes back other rules than were announced", document
    return None, found


def _fault(record: list[Entry], entry: Entry, body: AmendedBody, document: Mapping[str, Any]) -> str | None:
    if body.before == body.rules:
        return "amends nothing"
    through = told(record[: entry.seq]).through
    if through is None:
        return "nothing was published that it could amend"
    if moment(body.effective) <= moment(through):
        return f"takes effect at {body.effective}, and levels were published through {through}"
    counts = [(getattr(body.before, name) or 0, getattr(body.rules, name) or 0) for name in _LISTS]
    if any(after < earlier for earlier, after in counts):
        return "takes versions or overrides away"
    lists = zip(_LISTS, counts, strict=True)
    added = [part for name, (earlier, _) in lists for part in list(document.get(name) or [])[earlier:]]
    for part in added:
        if to_instant(str(part["from"])) != moment(body.effective):
            return f"adds rules from {part['from']} on, not from {body.effective}"
    return None
