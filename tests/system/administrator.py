"""An administrator at the command line: imports, publications, acts, and a process that is killed now and then."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl
import typer

from basketry.cli.main import app
from basketry.core.errors import RecordError
from basketry.ledger import key_file
from basketry.ledger.folder import read_folder

TABLES = ("levels.parquet", "compositions.parquet", "rebalances.parquet", "events.parquet")
# Made once: a thousand commands would spend most of their time on making it.
COMMAND = typer.main.get_command(app)
# A password is slow to try for a thief, and so for who publishes a thousand times: both processes try one quickly.
QUICK = "from basketry.ledger import key_file; key_file.SCRYPT_N = key_file.SCRYPT_N_MIN = 16; "
PROGRAM = [sys.executable, "-c", f"{QUICK}from basketry.cli.main import main; main()"]


def run(*words: object) -> Any:
    """Run a command in this process and return the JSON that it prints."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = COMMAND.main([*map(str, words), "--json"], "basketry", standalone_mode=False)
    assert not code, said.getvalue()
    return json.loads(said.getvalue())


def written(at: datetime) -> str:
    """Return an instant as commands take it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Snapshot:
    """What a folder held after a publication: digests of its tables, its rules, and the length of its record."""

    at: datetime
    end: str
    tables: dict[str, str]
    rules: str
    levels: pl.DataFrame
    compositions: pl.DataFrame
    entries: int


@dataclass
class Administrator:
    """Who fills a lake and publishes indices from it.

    Attributes:
        home: The folder of the lake, the indices, their keys and the heads that were kept.
        rng: Chooses who is corrected and when a process is killed.
        counts: How often each thing was done.
        seconds: Of each publication in this process.
        days: By index, what its folder held after each publication.
        proformas: By index, the compositions that were given out after their announcement.
        told: What publications that found a contradiction said of it, and when.
    """

    home: Path
    rng: random.Random
    counts: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    days: dict[str, list[Snapshot]] = field(default_factory=dict)
    proformas: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    told: list[tuple[datetime, str]] = field(default_factory=list)

    @property
    def lake(self) -> Path:
        """The lake."""
        return self.home / "lake"

    @property
    def signing(self) -> list[object]:
        """The options of a command that signs."""
        return ["--key", self.home / "committee.key", "--password-file", self.home / "password"]

    def folder(self, index: str) -> Path:
        """Return the folder of an index."""
        return self.home / index

    def count(self, what: str, by: int = 1) -> None:
        """Count something that was done."""
        self.counts[what] = self.counts.get(what, 0) + by

    def imports(self, frame: pl.DataFrame, table: str = "daily") -> None:
        """Bring rows into the lake."""
        file = self.home / "rows.parquet"
        frame.write_parquet(file)
        found = run("data", "import", file, "--lake", self.lake, "--table", table)
        assert found["kept"] == frame.height, found

    def begin(self, index: str, rules: Path, at: datetime) -> None:
        """Make the folder of an index and publish its base."""
        run("index", "run", rules, "--lake", self.lake, "--out", self.folder(index), "--as-of", written(at))
        self.publish(index, at)

    def publish(self, index: str, at: datetime) -> str:
        """Publish, with a correction where the data contradict what was published; return which."""
        words = ["index", "publish", self.folder(index), *self._answering(at), "--lake", self.lake]
        begin = time.perf_counter()
        kind = "nothing"
        try:
            done = run(*words)
        except RecordError as error:
            if "--restate --reason" not in str(error):
                raise
            self.told.append((at, str(error)))
            done = run(*words, "--restate", "--reason", "the data were corrected")
            both = bool(done["corrections"]), bool(done["kept"])
            kind = {
                (True, False): "restated", (False, True): "kept", (True, True): "restated and kept",
                (False, False): "beside levels",
            }[both]  # fmt: skip
        self.seconds.append(time.perf_counter() - begin)
        self.count("publications", bool(done["levels_added"]))
        if kind != "nothing":
            self.count(f"corrections: {kind}")
        self.look(index, at)
        return kind

    def act(self, command: str, index: str, at: datetime, *words: object) -> Any:
        """Amend, override or end an index."""
        self.count(command)
        done = run("index", command, self.folder(index), *words, *self._answering(at), "--lake", self.lake,
                   "--reason", f"{command} of the committee")  # fmt: skip
        self.look(index, at)
        return done

    def publish_for_good(self, index: str, at: datetime) -> None:
        """Publish in a process of its own."""
        words = ["index", "publish", self.folder(index), *self._answering(at), "--lake", self.lake]
        done = subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        self.count("publications")
        self.look(index, at)

    def killed(self, index: str, at: datetime) -> None:
        """Publish in a process that is killed at a random moment; a folder is whole whenever that is."""
        words = ["index", "publish", self.folder(index), *self._answering(at), "--lake", self.lake]
        before = (self.folder(index) / "record.jsonl").read_bytes()
        process = subprocess.Popen(
            [*PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            process.wait(self.rng.uniform(0.5, 4.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        self.count("killed" if process.wait() == -signal.SIGKILL else "ended before the kill")
        after = (self.folder(index) / "record.jsonl").read_bytes()
        assert after.startswith(before)
        if after != before:
            self.count("written before the kill")

    def look(self, index: str, at: datetime) -> None:
        """Note what a folder holds."""
        folder = self.folder(index)
        manifest = json.loads((folder / "manifest.json").read_text())
        published = read_folder(folder)
        for name in TABLES:
            assert manifest["files"][name] == sha256(folder / name)
        self.days.setdefault(index, []).append(
            Snapshot(
                at, manifest["parameters"]["end"], {name: manifest["files"][name] for name in TABLES},
                (folder / "methodology.yaml").read_text(), published.tables["levels"], published.tables["compositions"],
                len(published.record),
            )
        )  # fmt: skip

    def gives_out(self, index: str, at: datetime) -> None:
        """Keep the next composition once it is announced."""
        found = run("index", "proforma", self.folder(index), "--lake", self.lake, "--as-of", written(at))["next"]
        held = self.proformas.setdefault(index, [])
        if found["stage"] == "announced" and found["effective_at"] not in [entry["effective_at"] for entry in held]:
            held.append(found)

    def keeps_head(self, index: str, month: str) -> None:
        """Copy the head of an index away."""
        (self.home / "heads").mkdir(exist_ok=True)
        (self.home / "heads" / f"{index}-{month}.json").write_bytes((self.folder(index) / "head.json").read_bytes())
        self.count("heads")

    def members(self, index: str) -> list[str]:
        """Return who is held, the largest first."""
        table = read_folder(self.folder(index)).tables["compositions"]
        last = table.filter(pl.col("effective_at") == pl.col("effective_at").max())
        return [str(name) for name in last.sort("weight", "asset", descending=True)["asset"]]

    def _answering(self, at: datetime) -> list[object]:
        return ["--approver", "Committee", "--now", written(at), *self.signing]


@contextlib.contextmanager
def quickly() -> Iterator[None]:
    """Try passwords quickly in this process: the last publication, in one of its own, does not."""
    with (
        mock.patch.object(key_file, "SCRYPT_N", 16),
        mock.patch.object(key_file, "SCRYPT_N_MIN", 16),
    ):
        yield


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
