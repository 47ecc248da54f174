"""The folder of reference prices: what is in it, how it is read, and what its record says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.digest import canonical_json
from basketry.core.errors import MethodologyError, RecordError
from basketry.core.frames import Schema
from basketry.ledger.folder import TIME_FORMAT, parquet_bytes
from basketry.ledger.manifest import read_manifested, with_manifest
from basketry.ledger.record import Entry, dump_record, parse_record
from basketry.methodology.parse import dump_yaml, parse_yaml
from basketry.reference.fixing import Fixings
from basketry.reference.price_rules import PriceRules
from basketry.reference.tables import CONVERSIONS, FIXING_EVENTS, FIXING_SOURCES, FIXINGS

FORMAT = 1
KIND = "reference prices"
TABLES: Mapping[str, Schema] = {
    "fixings": FIXINGS,
    "sources": FIXING_SOURCES,
    "events": FIXING_EVENTS,
    "conversions": CONVERSIONS,
}


@dataclass(frozen=True, eq=False)
class PriceFolder:
    """Reference prices as read from their folder, the record's chain intact."""

    path: Path
    rules: PriceRules
    manifest: Mapping[str, Any]
    record: list[Entry]
    fixings: Fixings

    @property
    def digest(self) -> str:
        """Digest of the rules."""
        return rules_digest(self.rules)


def rules_digest(rules: PriceRules) -> str:
    """Return the SHA-256 of the rules in canonical form."""
    return sha256(canonical_json(rules.document()).encode()).hexdigest()


def read_price_folder(path: Path) -> PriceFolder:
    """Return the reference prices in a folder.

    Raises:
        RecordError: A file is missing, altered or unreadable, or the record's chain is broken; the message names it.
    """
    manifest, content = read_manifested(path, KIND, FORMAT)
    try:
        record = parse_record(content["record.jsonl"].decode(), str(path / "record.jsonl"))
        rules = PriceRules.parse(parse_yaml(content["rules.yaml"].decode()))
        tables = {name: schema.conform(pl.read_parquet(content[f"{name}.parquet"])) for name, schema in TABLES.items()}
    except (KeyError, UnicodeDecodeError, MethodologyError, pl.exceptions.PolarsError) as error:
        raise RecordError(f"{path}: not a folder of reference prices: {error}") from error
    fixings = Fixings(tables["fixings"], tables["sources"], tables["events"], tables["conversions"])
    return PriceFolder(path, rules, manifest, record, fixings)


def price_files(
    fixings: Fixings, rules: PriceRules, record: list[Entry], page: str, manifest: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of a folder of reference prices by name."""
    tables = {
        "fixings": fixings.table,
        "sources": fixings.sources,
        "events": fixings.events,
        "conversions": fixings.conversions,
    }
    files = {f"{name}.parquet": parquet_bytes(table) for name, table in tables.items()}
    files["rules.yaml"] = dump_yaml(rules.document()).encode()
    files["record.jsonl"] = dump_record(record).encode()
    files["prices.html"] = page.encode()
    return with_manifest(files, KIND, FORMAT, manifest)


def fixing_bodies(table: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Return what the record says of fixings: one line an instant, (price, status, confidence, venues) by asset."""
    stamped = table.with_columns(pl.col("time").dt.strftime(TIME_FORMAT))
    bodies: list[tuple[str, dict[str, Any]]] = []
    for (time,), rows in stamped.group_by("time", maintain_order=True):
        columns = rows.select("asset", "price", "status", "confidence", "venues").iter_rows()
        bodies.append(("fixings", {"time": time, "prices": {asset: list(row) for asset, *row in columns}}))
    return bodies
