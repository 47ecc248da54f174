"""Save an index as a folder; what was published there before is extended, never overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from basketry.core.errors import RecordError
from basketry.core.time import format_instant
from basketry.core.version import VERSION
from basketry.index.result import IndexResult
from basketry.jobs.attack import IndexManipulation
from basketry.ledger.atomic import recover, write_folder
from basketry.ledger.folder import draft_record, folder_files, read_folder
from basketry.ledger.lock import writing
from basketry.ledger.record import Entry
from basketry.reports.factsheet import factsheet
from basketry.reports.methodology_document import methodology_document


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
        write_index(result, folder, draft_record(result), manipulation)
    return folder


def write_index(
    result: IndexResult, folder: Path, record: Sequence[Entry], manipulation: IndexManipulation | None = None
) -> None:
    """Write all files of an index with a given record, in one step."""
    last = result.times[-1]
    documents = {
        "methodology.html": methodology_document(
            result.methodology, after=last, simulated=result.panel.simulated, base=result.times[0]
        ),
        "factsheet.html": factsheet(result, manipulation=_manipulation_facts(manipulation)),
    }
    write_folder(folder, folder_files(result, list(record), documents, manifest(result)))


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


def manifest(result: IndexResult) -> dict[str, Any]:
    """Return what the manifest says of a result: versions, input digests, parameters, headline figures."""
    times = result.times
    levels = result.published_levels
    counts = result.levels["status"].value_counts().sort("status")
    return {
        "basketry": VERSION,
        "symbol": result.methodology.symbol,
        "name": result.methodology.name,
        "simulated_market": result.panel.simulated,
        "methodology": {
            "digest": result.methodology.digest,
            "versions": len(result.methodology.versions),
        },
        "inputs": {
            "digest": result.panel.digest(),
            "assets": len(result.panel.assets),
            "from": format_instant(result.panel.times[0]),
            "to": format_instant(result.panel.times[-1]),
        },
        "parameters": {
            "start": format_instant(times[0]),
            "end": format_instant(times[-1]),
            # The panel holds prices, so that it has an instant.
            "known_by": format_instant(result.panel.known_by or times[-1]),
        },
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
