"""Save an index as a folder; what was published there before is extended, never overwritten."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from basketry.core.digest import finite
from basketry.core.errors import RecordError
from basketry.core.time import format_instant
from basketry.core.version import VERSION
from basketry.index.outlook import announced_changes
from basketry.index.result import IndexResult
from basketry.lake.lake import Lake
from basketry.ledger.amendments import named_at, renamings
from basketry.ledger.atomic import recover, write_folder
from basketry.ledger.bodies import moment
from basketry.ledger.folder import draft_record, folder_files, read_folder
from basketry.ledger.head import FILE as HEAD
from basketry.ledger.head import Head
from basketry.ledger.lock import writing
from basketry.ledger.record import dump_record
from basketry.ledger.told import Told, told
from basketry.reports.factsheet import factsheet
from basketry.reports.methodology_document import methodology_document
from basketry.reports.standing import Naming, Standing

if TYPE_CHECKING:
    from basketry.jobs.attack import IndexManipulation


def save_index(result: IndexResult, folder: Path, manipulation: IndexManipulation | None = None) -> Path:
    """Write the folder of an index and return its path.

    A folder that holds a draft is replaced. One that was published may only be replaced by a result that
    says the same up to the last published instant.

    Args:
        result: The index.
        folder: Where to.
        manipulation: What it costs to move the index, for the factsheet.

    Raises:
        RecordError: The folder was published and the result differs from what it says.
    """
    with writing(folder):
        recover(folder)
        if (folder / "manifest.json").is_file():
            earlier = read_folder(folder)
            if earlier.published_through is not None:
                raise RecordError(
                    f"{folder}: was published through {earlier.published_through}; extend or correct it with "
                    f"`basketry index publish {folder}`, or write the new result to another --out"
                )
        record = draft_record(result)
        write_index(result, folder, dump_record(record), told(record), manipulation)
    return folder


def write_index(
    result: IndexResult,
    folder: Path,
    record: str,
    said: Told,
    manipulation: IndexManipulation | None = None,
    head: Head | None = None,
) -> None:
    """Write all files of an index with the text of a record, which says something, and its signed head, in one step."""
    pages = documents(result, said, _manipulation_facts(manipulation))
    if head is not None:
        pages[HEAD] = head.to_text()
    made = {"manipulation": manipulation is not None}
    write_folder(folder, folder_files(result, record, pages, {**manifest(result, said), "pages": made}))


def documents(result: IndexResult, record: Told, manipulation: Mapping[str, str]) -> dict[str, str]:
    """Return the pages of an index by file name, and what is announced of it as JSON.

    Args:
        result: The index.
        record: What its record says: whether it ends, its names, and what was released.
        manipulation: What it costs to move it, by label.
    """
    methodology, last = result.methodology, result.times[-1]
    standing = _standing(result, record)
    announced = standing.reached(announced_changes(result))
    plain = [change.to_dict() for change in announced]
    return {
        "methodology.html": methodology_document(
            methodology,
            after=last,
            simulated=result.panel.simulated,
            base=result.times[0],
            announced=announced,
            version=methodology.at(last).number,
            standing=standing,
        ),
        "factsheet.html": factsheet(result, manipulation=manipulation, standing=standing, released=_released(record)),
        "next.json": json.dumps(finite(plain), indent=2, ensure_ascii=False, allow_nan=False) + "\n",
    }


def _released(record: Told) -> int:
    """Return how many steps were released; one that a correction says anew is released anew, and is one."""
    return len({(release.time, release.found) for release in record.releases})


def _standing(result: IndexResult, record: Told) -> Standing:
    """Return what a record says of an index at its last level: its end, and its names."""
    methodology, last = result.methodology, result.times[-1]
    name, symbol = named_at(record, methodology, last)
    namings = [
        Naming(format_instant(moment(body.effective)), body.rules.name, body.rules.symbol, body.reason, body.approver)
        for body in renamings(record)
    ]
    if namings:
        first = renamings(record)[0].before
        namings.insert(0, Naming("the base", first.name, first.symbol))
    ends = None if record.ended is None else moment(record.ended.last)
    said = Standing("", ends, name, symbol, tuple(namings))
    return replace(said, notice=_notice(result, record, said))


def _notice(result: IndexResult, record: Told, standing: Standing) -> str:
    """Return in words that an index ends, or that its rules or its name change; '' where none."""
    ended, last = record.ended, result.times[-1]
    words = []
    if ended is not None and record.through is not None:
        over = moment(record.through) >= moment(ended.last)
        day = format_instant(moment(ended.last))
        words.append(f"This index {'ended' if over else 'ends'} on {day}, its last level. {ended.reason}")
    words += [
        f"Version {entry.number} of the rules takes effect on {entry.valid_from}. {entry.note}"
        for entry in standing.coming(result.methodology, last)
    ]
    for body in renamings(record):
        if moment(body.effective) > last and (standing.ends is None or moment(body.effective) <= standing.ends):
            day = format_instant(moment(body.effective))
            words.append(f"From {day} on its name is {body.rules.name} ({body.rules.symbol}). {body.reason}")
    return " ".join([*(text if text.endswith(".") else f"{text}." for text in words[:-1]), *words[-1:]])


def manipulation_facts(market: Lake | str | PathLike[str], result: IndexResult) -> dict[str, str]:
    """Return what the factsheet says of manipulation, from the trades of a lake."""
    from basketry.jobs.attack import index_manipulation

    lake = market if isinstance(market, Lake) else Lake(market)
    return _manipulation_facts(index_manipulation(lake, result))


def _manipulation_facts(manipulation: IndexManipulation | None) -> dict[str, str]:
    """Return what the factsheet says of manipulation, by its label."""
    if manipulation is None:
        return {}
    facts = {
        "Cost to move it by 1%": f"{manipulation.words()}. Assumed: {manipulation.assumptions}",
        "Corrupt venues survived": f"{manipulation.survives} for every constituent, whatever they report",
    }
    if manipulation.unattacked:
        facts["Not attacked"] = f"{', '.join(manipulation.unattacked)}: too few venues at that instant"
    return facts


def manifest(result: IndexResult, record: Told | None = None) -> dict[str, Any]:
    """Return what the manifest says of a result: versions, input digests, parameters, headline figures."""
    times = result.times
    levels = result.published_levels
    counts = result.levels["status"].value_counts().sort("status")
    # The version that made what is published; acts of other versions in between make nothing of it.
    made = record.publications[-1][1].software if record is not None and record.publications else None
    return {
        "basketry": made or VERSION,
        "symbol": result.methodology.symbol,
        "name": result.methodology.name,
        "simulated_market": result.panel.simulated,
        "methodology": {
            "digest": result.methodology.digest,
            "versions": len(result.methodology.versions),
        },
        "inputs": {
            "digest": result.inputs,
            "assets": int((~np.isnan(result.panel.field("price"))).any(axis=0).sum()),
            "from": format_instant(result.panel.times[0]),
            "to": format_instant(result.panel.times[-1]),
        },
        "parameters": {
            "start": format_instant(times[0]),
            "end": format_instant(times[-1]),
            # The panel holds prices, so that it has an instant.
            "known_by": format_instant(result.panel.known_by or times[-1]),
        },
        "stretches": [
            {"through": stretch.through, "known_by": stretch.known_by, "basketry": stretch.software}
            for stretch in (() if record is None else record.stretches)
        ],
        "ended": None if record is None or record.ended is None else record.ended.last,
        "figures": {
            "first": {"time": format_instant(times[0]), **_values(result, levels.row(0, named=True))},
            "last": {"time": format_instant(times[-1]), **_values(result, levels.row(-1, named=True))},
            "levels": levels.height,
            "compositions": result.compositions["effective_at"].n_unique(),
            "statuses": {str(status): count for status, count in counts.iter_rows()},
        },
    }


def _values(result: IndexResult, row: dict[str, Any]) -> dict[str, float]:
    return {name: row[name] for name in result.return_columns}
