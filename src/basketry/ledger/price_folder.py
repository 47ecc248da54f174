"""The folder of reference prices: what is in it, how it is read, and what its record says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.digest import canonical_json
from basketry.core.errors import MethodologyError, RecordError, SchemaError
from basketry.core.frames import Schema
from basketry.ledger.folder import TIME_FORMAT, parquet_bytes, read_table
from basketry.ledger.manifest import Facts, Form, read_file, read_manifest, require_files, with_manifest
from basketry.ledger.price_told import PriceTold, told_prices
from basketry.ledger.record import Entry, dump_record, parse_record
from basketry.methodology.parse import dump_yaml, parse_yaml
from basketry.reference.fixing import Fixings
from basketry.reference.price_rules import PriceRules
from basketry.reference.tables import CONVERSIONS, FIXING_EVENTS, FIXING_SOURCES, FIXINGS

TABLES: Mapping[str, Schema] = {
    "fixings": FIXINGS,
    "sources": FIXING_SOURCES,
    "events": FIXING_EVENTS,
    "conversions": CONVERSIONS,
}
PAGE = "prices.html"
FILES = (*(f"{name}.parquet" for name in TABLES), "rules.yaml", "record.jsonl", PAGE)


class _PriceFacts(Facts):
    basketry: str
    simulated_market: bool


FORM = Form("reference prices", (1, 2), lambda _: FILES, _PriceFacts)
"""A record of format 1 says nothing of runs: neither when its lines were written nor what was known."""


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

    @property
    def simulated(self) -> bool:
        """Whether the prices are those of the simulated market."""
        return bool(self.manifest["simulated_market"])

    @cached_property
    def told(self) -> PriceTold:
        """What the record says."""
        return told_prices(self.record, str(self.path / "record.jsonl"))


def rules_digest(rules: PriceRules) -> str:
    """Return the SHA-256 of the rules in canonical form."""
    return sha256(canonical_json(rules.document()).encode()).hexdigest()


def rules_body(rules: PriceRules, simulated: bool) -> dict[str, Any]:
    """Return what the first line of a record says: the rules, and whether the market is simulated."""
    return {
        "digest": rules_digest(rules),
        "currency": rules.currency,
        "rules": rules.document(),
        "simulated": simulated,
    }


def read_price_folder(path: Path, *, compared: bool = True) -> PriceFolder:
    """Return the reference prices in a folder.

    Args:
        path: The folder.
        compared: Whether each file must have the digest of the manifest; who verifies tells that apart.

    Raises:
        RecordError: A file is missing, altered or unreadable, or the record's chain is broken; the message names it.
    """
    manifest = read_manifest(path, FORM)
    if compared:
        require_files(path, FORM, manifest)
    try:
        record = parse_record(read_file(path, "record.jsonl").decode(), str(path / "record.jsonl"))
        rules = PriceRules.parse(parse_yaml(read_file(path, "rules.yaml").decode()))
        tables = {
            name: schema.conform(read_table(path, name, read_file(path, f"{name}.parquet")), str(path))
            for name, schema in TABLES.items()
        }
    except (UnicodeDecodeError, MethodologyError, SchemaError) as error:
        raise RecordError(f"{path}: not a folder of reference prices: {error}") from error
    fixings = Fixings(tables["fixings"], tables["sources"], tables["events"], tables["conversions"])
    return PriceFolder(path, rules, manifest, record, fixings)


def price_tables(fixings: Fixings) -> dict[str, pl.DataFrame]:
    """Return the tables of fixings by name."""
    return {
        "fixings": fixings.table,
        "sources": fixings.sources,
        "events": fixings.events,
        "conversions": fixings.conversions,
    }


def price_files(
    fixings: Fixings, rules: PriceRules, record: list[Entry], page: str, facts: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of a folder of reference prices by name."""
    files = {f"{name}.parquet": parquet_bytes(table) for name, table in price_tables(fixings).items()}
    files["rules.yaml"] = dump_yaml(rules.document()).encode()
    files["record.jsonl"] = dump_record(record).encode()
    files[PAGE] = page.encode()
    return with_manifest(files, FORM, facts)


def fixing_bodies(table: pl.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    """Return what the record says of fixings: one line an instant, (price, status, confidence, venues) by asset."""
    stamped = table.with_columns(pl.col("time").dt.strftime(TIME_FORMAT))
    bodies: list[tuple[str, dict[str, Any]]] = []
    for (time,), rows in stamped.group_by("time", maintain_order=True):
        columns = rows.select("asset", "price", "status", "confidence", "venues").iter_rows()
        bodies.append(("fixings", {"time": time, "prices": {asset: list(row) for asset, *row in columns}}))
    return bodies
