"""What stands as published: a folder that says the same in all its parts, and figures that a correction left alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from basketry.core.errors import RecordError
from basketry.core.time import format_instant, to_datetime
from basketry.index.result import IndexResult
from basketry.index.spans import RESTATEMENT
from basketry.ledger.amendments import fault_of_rules
from basketry.ledger.bodies import moment
from basketry.ledger.folder import PublishedFolder, faults_of_files, timed_bodies
from basketry.ledger.form import fault_of_form
from basketry.ledger.told import Told


def require_whole(published: PublishedFolder) -> None:
    """Raise RecordError where a folder contradicts itself: its files, its tables, its rulebook, its record."""
    fault = faults_of_files(published.path, published.manifest) or contradiction(published)
    if fault is not None:
        raise RecordError(
            f"{published.path}: {fault}; the folder was altered after it was written. Restore it from a copy: nothing "
            "is published on top of it"
        )


def contradiction(published: PublishedFolder) -> str | None:
    """Return where manifest, rulebook and tables of a folder say otherwise than its record; None where nowhere."""
    record, told, manifest = published.record, published.told, published.manifest
    rules = published.methodology
    if record[0].kind != "methodology":
        return "the record does not begin with the rules"
    fault = fault_of_rules(record, told, rules) or fault_of_form(record, told, rules, manifest)
    if fault is not None:
        return fault
    if (published.path / "methodology.yaml").read_bytes() != rules.to_yaml().encode():
        return "methodology.yaml says more than its rules, or says them otherwise than basketry writes them"
    times = published.levels["time"]
    first = None if times.is_empty() else format_instant(np.datetime64(times[0].replace(tzinfo=None)))
    if manifest["parameters"]["start"] != first:
        return f"manifest.json starts at {manifest['parameters']['start']}, and the levels do not"
    simulated = record[0].body.get("simulated")
    if ("simulated" in record[0].body or manifest["format"] != 1) and simulated is not manifest.get("simulated_market"):
        return f"the record says simulated {simulated}, the manifest {manifest.get('simulated_market')}"
    lines = timed_bodies(published.tables, [rule.column() for rule in rules.first.returns])
    unfounded, missing = told.compared(lines)
    wrong = [line for line in unfounded if line.kind != "announced"]
    if wrong:
        return f"entry {wrong[0].seq} of the record ({wrong[0].kind} of {wrong[0].time}) is not what the tables say"
    if missing:
        return f"the record does not say what the tables do: {missing[0][0]} {missing[0][1]}"
    if told.through is not None:
        end = format_instant(moment(told.through))
        if manifest["parameters"]["end"] != end:
            return f"manifest.json ends at {manifest['parameters']['end']}, the record at {end}"
    return _fault_of_figures(published)


def _fault_of_figures(published: PublishedFolder) -> str | None:
    """Return where the last figures of the manifest are not those of the levels."""
    figures = published.manifest.get("figures")
    last = figures.get("last") if isinstance(figures, dict) else None
    if not isinstance(last, dict) or published.levels.is_empty():
        return None  # Told by who compares all of the manifest.
    row = published.levels.row(-1, named=True)
    odd = next((name for name, value in last.items() if name != "time" and row.get(name) != value), None)
    return None if odd is None else f"manifest.json says {odd} {last[odd]} of the last level, the levels {row.get(odd)}"


def as_published(result: IndexResult, published: PublishedFolder, told: Told) -> IndexResult:
    """Return a result that says what was published up to the last instant that a restatement left alone."""
    if not told.restatements or told.restatements[-1][1].after is None:
        return result
    after = moment(told.restatements[-1][1].after)
    stamp = to_datetime(after)
    tables = published.tables
    stands, fresh = (table.filter(pl.col("time") <= stamp) for table in (tables["levels"], result.levels))
    if stands.height == fresh.height:
        # What the record does not say of a level is as it is computed.
        stands = fresh.with_columns(stands[name] for name in (*result.return_columns, "status", "version"))
    levels = pl.concat([stands, result.levels.filter(pl.col("time") > stamp)])
    here = pl.col("time") == stamp
    gone_on = result.events.filter(here & (pl.col("kind") == RESTATEMENT))
    before = tables["events"].filter((pl.col("time") < stamp) | (here & (pl.col("kind") != RESTATEMENT)))
    events = pl.concat([before, gone_on, result.events.filter(pl.col("time") > stamp)])

    # An earlier correction may have gone on at that instant from other prices.
    went_on = tables["events"].filter(here & (pl.col("kind") == RESTATEMENT))
    anew, when = not (gone_on.is_empty() and went_on.is_empty()), pl.col("effective_at")
    compositions = pl.concat([
        tables["compositions"].filter(when < stamp if anew else when <= stamp),
        result.compositions.filter(when >= stamp if anew else when > stamp),
    ])  # fmt: skip
    return replace(result, levels=levels, events=events, compositions=compositions)
