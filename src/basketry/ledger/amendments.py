"""Rulebooks that a published index had: each amendment adds a version or an override, and changes nothing before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from basketry.core.digest import canonical_json, digest_bytes
from basketry.core.time import to_instant
from basketry.ledger.record import Entry
from basketry.ledger.told import AmendedBody, RulesBody, Told, moment, told
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


def fault_of_rules(record: list[Entry], said: Told, rules: Methodology) -> str | None:
    """Return where a rulebook is not the one of a record with its amendments; None where it is.

    Every amendment takes effect after what was published when it was made.
    """
    document: Mapping[str, Any] = rules.document
    for entry, body in reversed(said.amendments):
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
