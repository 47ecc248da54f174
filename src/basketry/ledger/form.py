"""The form of a record as publications leave it: what its first line says, what each line names, and their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from basketry.ledger.bodies import moment
from basketry.ledger.record import Entry
from basketry.ledger.told import TIMED, Told, instant_of
from basketry.methodology.methodology import Methodology

_FIRST = frozenset({"symbol", "name", "digest", "simulated", "known_by"})
_OF_OLD = frozenset({"methodology", "composition", "event", "level", "levels", "published", "restatement", "released"})
"""Kinds of lines in records of format 1."""


def fault_of_form(record: Sequence[Entry], said: Told, rules: Methodology, manifest: Mapping[str, Any]) -> str | None:
    """Return where a record is not of the form in which publications leave one; None where nowhere.

    A record of format 1 has no instants of writing, no announcements, amendments or keys. Lines with an instant of
    writing name what was known and, of a publication, the program. The lines of one publication are in the order of
    their instants, and every correction and release is followed by the publication that it belongs to.
    """
    strange = sorted(record[0].body.keys() - _FIRST)
    if strange:
        return f"the first line of the record says {strange[0]!r}, which no record does"
    return _fault_of_format(record, said, manifest) or _fault_of_order(record, said) or _fault_of_end(said, rules)


def _fault_of_format(record: Sequence[Entry], said: Told, manifest: Mapping[str, Any]) -> str | None:
    if manifest["format"] == 1:
        odd = next((entry for entry in record if entry.at is not None or entry.kind not in _OF_OLD), None)
        if odd is None:
            return None
        return f"entry {odd.seq} ({odd.kind}) is none of format 1, which manifest.json says the folder has"
    if said.publications and record[-1].at is None:
        return f"entry {record[-1].seq} ({record[-1].kind}) does not say when it was written"
    for entry, body in said.publications:
        if entry.at is not None and (body.software is None or body.known_by is None):
            return f"entry {entry.seq} (published) does not say what was known, or which version of basketry made it"
    for entry, correction in said.restatements:
        if entry.at is not None and correction.known_by is None:
            return f"entry {entry.seq} (restatement) does not say what was known"
    program = said.publications[-1][1].software if said.publications else None
    if program is not None and manifest["basketry"] != program:
        return f"manifest.json names basketry {manifest['basketry']}, the record {program}"
    return None


def _fault_of_order(record: Sequence[Entry], said: Told) -> str | None:
    before: tuple[str, int] | None = None
    waiting: Entry | None = None
    for entry in record:
        if entry.kind == "published":
            before = waiting = None
        elif entry.kind == "restatement":
            before, waiting = None, entry
        elif entry.kind in TIMED:
            waiting = entry
            if entry.at is None:
                continue
            place = instant_of(entry.kind, entry.body), TIMED.index(entry.kind)
            if before is not None and place < before:
                return f"entry {entry.seq} ({entry.kind} of {place[0]}) is told after that of {before[0]}"
            before = place
        elif entry.kind == "released":
            waiting = entry
    if waiting is not None and said.publications:
        return f"entry {waiting.seq} ({waiting.kind}) and what follows it were never published"
    return None


def _fault_of_end(said: Told, rules: Methodology) -> str | None:
    if said.ended is None:
        return None
    last = moment(said.ended.last)
    if not len(rules.instants(last, last, np.array([last]))):
        return f"the record ends the index at {said.ended.last}, at which the rules calculate no level"
    return None
