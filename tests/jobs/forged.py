"""A folder under the hands of a forger: altered, and everything re-made that can be re-made without its key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import polars as pl
from tests.jobs.lives import MINE

from basketry.jobs.recompute import Recomputation
from basketry.jobs.restate import judge
from basketry.jobs.save import documents, manifest
from basketry.jobs.standing import as_published
from basketry.jobs.verify_epochs import as_said
from basketry.lake.lake import Lake
from basketry.ledger.bodies import moment
from basketry.ledger.folder import TABLES, parquet_bytes, read_folder, result_tables
from basketry.ledger.head import sign_head
from basketry.ledger.key_chain import key_body
from basketry.ledger.record import Entry, chain, dump_record
from basketry.ledger.told import told
from basketry.market.panel_digest import digest_rows


@dataclass
class Line:
    """A line of a record that may be altered."""

    kind: str
    body: dict[str, Any]
    at: str | None


@dataclass
class Forged:
    """A folder, read to be altered.

    Attributes:
        source: The folder that is copied. lake: Its market.
        lines: Of its record. tables: By name. rules: The text of its rulebook. manifest: Without digests of files.
        pages: All other files. head: `kept` as it is, signed with keys that are `mine`, or `none`.
        late: What is done to the written folder last; `files` of the manifest may be changed there.
    """

    source: Path
    lake: Lake
    lines: list[Line]
    tables: dict[str, pl.DataFrame]
    rules: str
    manifest: dict[str, Any]
    pages: dict[str, bytes]
    head: str = "mine"
    late: list[Callable[[Path], None]] = field(default_factory=list)

    @staticmethod
    def of(source: Path, lake: Lake) -> Forged:
        """Return the folder, read."""
        found = read_folder(source)
        lines = [Line(entry.kind, deepcopy(dict(entry.body)), entry.at) for entry in found.record]
        other = {name: (source / name).read_bytes() for name in found.manifest["files"]}
        own = {"record.jsonl", "methodology.yaml", *(f"{name}.parquet" for name in TABLES)}
        return Forged(
            source,
            lake,
            lines,
            dict(found.tables),
            (source / "methodology.yaml").read_text(),
            {key: value for key, value in found.manifest.items() if key != "files"},
            {name: content for name, content in other.items() if name not in own},
        )

    def of_kind(self, kind: str) -> list[Line]:
        """Return the lines of a kind, in order."""
        return [line for line in self.lines if line.kind == kind]

    def level(self, day: str, *, last: bool = True) -> Line:
        """Return the line of the level of a day: the one that stands, or the first one."""
        found = [line for line in self.of_kind("level") if line.body["time"][:10] == day]
        return found[-1 if last else 0]

    def cell(self, table: str, row: int, column: str, value: Any) -> None:
        """Put a value into a cell of a table."""
        old = self.tables[table]
        values = old[column].to_list()
        values[row] = value(values[row]) if callable(value) else value
        self.tables[table] = old.with_columns(pl.Series(column, values, dtype=old.schema[column]))

    def record(self) -> list[Entry]:
        """Return the record, its hashes and, where the head is the forger's, its keys made anew."""
        made: list[Entry] = []
        symbol, mine = str(self.lines[0].body["symbol"]), iter(MINE)
        old = None
        for line in self.lines:
            body = line.body
            if line.kind == "key" and self.head == "none":
                continue
            if line.kind == "key" and self.head == "mine":
                new = next(mine)
                said = {name: body.get(name) for name in ("approver", "reason")}
                body, old = key_body(made, symbol, new, old, **said), new
            made = chain([(line.kind, body)], after=made, at=line.at)
        return made

    def write(self, path: Path) -> Path:
        """Write the folder with new digests and return it."""
        shutil.copytree(self.source, path)
        record = self.record()
        files = {**self.pages, **{f"{name}.parquet": parquet_bytes(table) for name, table in self.tables.items()}}
        files |= {"methodology.yaml": self.rules.encode(), "record.jsonl": dump_record(record).encode()}
        if self.head == "mine":
            symbol = str(self.lines[0].body["symbol"])
            key = MINE[len([entry for entry in record if entry.kind == "key"]) - 1]
            moment_of = datetime.now(UTC).replace(microsecond=0)
            files["head.json"] = sign_head(record, symbol, moment_of, key).to_text().encode()
        if self.head == "none":
            files.pop("head.json")
            (path / "head.json").unlink()
        digests = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
        files["manifest.json"] = json.dumps({**self.manifest, "files": digests}, indent=2, sort_keys=True).encode()
        for name, content in files.items():
            (path / name).write_bytes(content)
        for last in self.late:
            last(path)
        return path

    def complete(self) -> None:
        """Re-make manifest, tables and pages from what the record says, as a forger who can compute does."""
        whole = Forged(self.source, self.lake, self.lines, self.tables, self.rules, self.manifest, self.pages, "mine")
        written = whole.write(Path(mkdtemp()) / self.source.name)
        found = read_folder(written)
        fresh = Recomputation.of(found, self.lake).result(found.stretches)
        self.tables = result_tables(fresh)
        standing = as_published(fresh, found, found.told)
        self.tables["levels"] = result_tables(standing)["levels"]
        self.pages |= {name: text.encode() for name, text in documents(standing, found.told, {}).items()}
        self.manifest |= manifest(standing, found.told)
        shutil.rmtree(written.parent)

    def move(self, day: str, factor: float, *, last: bool = True) -> None:
        """Multiply the level of a day in the record; the one that stands in the table too."""
        body = self.level(day, last=last).body
        row = self.tables["levels"]["time"].dt.strftime("%Y-%m-%d").to_list().index(day)
        for name in ("price_return", "total_return"):
            body[name] = round(body[name] * factor, 4)
            if last:
                self.cell("levels", row, name, body[name])

    def rejudge(self) -> None:
        """Let every correction say what the rule makes of what is told before it."""
        again = Recomputation.of(read_folder(self.source), self.lake)
        for number, line in enumerate(self.lines):
            if line.kind != "restatement":
                continue
            before = told(self.record()[:number])
            stretches = [stretch for stretch in before.stretches if stretch.through is not None]
            standing = as_said(again.result(stretches), before.lines)
            last = before.restatements[-1][1] if before.restatements else None
            found = judge(again, stretches, standing, line.body["known_by"], datetime.fromisoformat(str(line.at)), last)
            line.body |= {"after": found.after_text, "level": found.level}
            line.body |= {name: getattr(found, name).errors().model_dump() for name in ("restated", "kept")}

    def digests(self) -> None:
        """Give every publication the digest of the data that it says it knew."""
        after = None
        panel = self.lake.panel()
        for line in self.lines:
            if line.kind == "restatement":
                after = line.body["after"]
            if line.kind == "published":
                through, known_by = moment(line.body["through"]), moment(line.body["known_by"])
                line.body["inputs"] = digest_rows(
                    panel.as_of(known_by), None if after is None else moment(after), through, known_by
                )
                after = line.body["through"]
