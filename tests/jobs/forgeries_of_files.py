"""Forgeries of pages, manifest and tables as files, and of heads and keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from tests.jobs.forged import Forged
from tests.jobs.forgery import Change, forgery, swap

# Pages, manifest, tables as files.


def page(f: Forged, name: str, old: str, new: str) -> None:
    """Put a text into a page."""
    text = f.pages[name].decode()
    if old not in text:
        raise ValueError(f"{name} does not say {old!r}")
    f.pages[name] = text.replace(old, new).encode()


@forgery("factsheet.html", recorded=False)
def figure_of_the_factsheet(f: Forged) -> None:
    page(f, "factsheet.html", "2020-05-10", "2020-05-11")


@forgery("factsheet.html", recorded=False)
def picture_of_the_factsheet(f: Forged) -> None:
    page(f, "factsheet.html", "</svg>", "<text>+50%</text></svg>")


@forgery("methodology.html", recorded=False)
def text_of_the_methodology(f: Forged) -> None:
    page(f, "methodology.html", "</body>", "<p>Audited.</p></body>")


@forgery("next.json", recorded=False)
def what_comes_next(f: Forged) -> None:
    f.pages["next.json"] = b'[{"stage": "announced"}]\n'


def pictures(f: Forged, within: str) -> None:
    """Replace the pictures of the factsheet by others, and say that another version of Matplotlib drew them."""
    f.manifest["pages"] = {**f.manifest["pages"], "matplotlib": "3.9.0"}
    other = f'<svg xmlns="http://www.w3.org/2000/svg">{within}</svg>'
    text = f.pages["factsheet.html"].decode()
    f.pages["factsheet.html"] = re.sub(r"<svg.*?</svg>", lambda _: other, text, flags=re.DOTALL).encode()


@forgery("next.json", recorded=False)
def what_comes_next_behind_pictures_of_another_version(f: Forged) -> None:
    pictures(f, "<text>+50%</text>")
    f.pages["next.json"] = b'[{"stage": "announced"}]\n'


@forgery("factsheet.html", recorded=False)
def script_in_a_picture_of_another_version(f: Forged) -> None:
    pictures(f, "<script>document.title = 'another'</script>")


@forgery("factsheet.html", recorded=False)
def foreign_content_in_a_picture_of_another_version(f: Forged) -> None:
    pictures(f, '<foreignObject width="600" height="60"><h1>Level 99,999</h1></foreignObject>')


@forgery("factsheet.html", recorded=False)
def style_of_the_page_in_a_picture_of_another_version(f: Forged) -> None:
    pictures(f, "<style>td { display: none }</style>")


@forgery("factsheet.html", recorded=False)
def picture_of_another_version_that_is_not_well_formed(f: Forged) -> None:
    pictures(f, "<g>")


@forgery("pages", recorded=False)
def version_of_the_pictures_that_is_none(f: Forged) -> None:
    f.manifest["pages"] = {**f.manifest["pages"], "matplotlib": "3.9.0, certified by an auditor"}


@forgery("methodology.html", recorded=False)
def text_of_the_methodology_behind_a_cost_of_manipulation(f: Forged) -> None:
    f.manifest["pages"] = {**f.manifest["pages"], "manipulation": True}
    text_of_the_methodology(f)


def told(f: Forged, *path: str, value: Any) -> None:
    """Put a value into the manifest."""
    place = f.manifest = deepcopy(f.manifest)
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value


@forgery("manifest", recorded=False)
def figure_of_the_manifest(f: Forged) -> None:
    told(f, "figures", "last", "price_return", value=50_000.0)


@forgery("record", recorded=False)
def start_of_the_manifest(f: Forged) -> None:
    told(f, "parameters", "start", value="2020-02-11")


@forgery("record", recorded=False)
def end_of_the_manifest(f: Forged) -> None:
    told(f, "parameters", "end", value="2020-05-09")


@forgery("manifest", recorded=False)
def knowledge_of_the_manifest(f: Forged) -> None:
    told(f, "parameters", "known_by", value="2020-06-01T00:00:00Z")


@forgery("manifest", recorded=False)
def stretches_of_the_manifest(f: Forged) -> None:
    told(f, "stretches", value=[])


@forgery("inputs", recorded=False)
def inputs_of_the_manifest(f: Forged) -> None:
    told(f, "inputs", "digest", value="0" * 64)


@forgery("manifest", recorded=False)
def simulated_market_in_the_manifest(f: Forged) -> None:
    told(f, "simulated_market", value=True)


@forgery("manifest", recorded=False)
def a_word_more_in_the_manifest(f: Forged) -> None:
    told(f, "audited", value=True)


@forgery("record", recorded=False)
def program_in_the_manifest(f: Forged) -> None:
    told(f, "basketry", value="9.9.9")


@forgery("readable", recorded=False)
def parameters_of_the_manifest_taken_away(f: Forged) -> None:
    told(f, "parameters", value={})


def files(f: Forged, change: Callable[[dict[str, str]], object]) -> None:
    """Change the list of files in the written manifest."""

    def last(path: Path) -> None:
        whole = json.loads((path / "manifest.json").read_text())
        change(whole["files"])
        (path / "manifest.json").write_text(json.dumps(whole, indent=2, sort_keys=True))

    f.late.append(last)


@forgery("files", recorded=False)
def list_of_files_emptied(f: Forged) -> None:
    files(f, lambda names: names.clear())


@forgery("files", recorded=False)
def list_of_files_without_a_page(f: Forged) -> None:
    f.pages["factsheet.html"] += b"<!-- another -->"
    files(f, lambda names: names.pop("factsheet.html"))


@forgery("files", recorded=False)
def list_of_files_without_the_head(f: Forged) -> None:
    files(f, lambda names: names.pop("head.json"))


@forgery("files", recorded=False)
def list_of_files_with_a_file_elsewhere(f: Forged) -> None:
    files(f, lambda names: names.update({"../lake/about.json": "0" * 64}))


@forgery("files", recorded=False)
def list_of_files_with_one_more(f: Forged) -> None:
    def more(path: Path) -> None:
        (path / "audit.pdf").write_bytes(b"an audit")

    f.late.append(more)
    files(f, lambda names: names.update({"audit.pdf": sha256(b"an audit").hexdigest()}))


@forgery("rebalances", recorded=False)
def turnover_of_a_rebalance(f: Forged) -> None:
    f.cell("rebalances", 2, "turnover", 0.0)


@forgery("rebalances", recorded=False)
def announced_at_of_a_rebalance(f: Forged) -> None:
    f.cell("rebalances", f.tables["rebalances"].height - 1, "announced_at", lambda was: was.replace(day=1))


@forgery("readable", recorded=False)
def column_more_in_a_table(f: Forged) -> None:
    f.tables["levels"] = f.tables["levels"].with_columns(audited=pl.lit(value=True))


@forgery("readable", recorded=False)
def column_of_another_type(f: Forged) -> None:
    f.tables["levels"] = f.tables["levels"].with_columns(pl.col("version").cast(pl.Int64))


@forgery("readable", recorded=False)
def figures_of_half_precision(f: Forged) -> None:
    f.tables["rebalances"] = f.tables["rebalances"].with_columns(pl.col("turnover").cast(pl.Float32))


@forgery("readable", recorded=False)
def times_as_texts(f: Forged) -> None:
    f.tables["levels"] = f.tables["levels"].with_columns(pl.col("time").cast(pl.String))


@forgery("readable", recorded=False)
def column_less_in_a_table(f: Forged) -> None:
    f.tables["levels"] = f.tables["levels"].drop("price_return")


@forgery("record", recorded=False)
def rows_beyond_the_record(f: Forged) -> None:
    last = f.tables["levels"].tail(1).with_columns(pl.col("time") + pl.duration(days=1))
    f.tables["levels"] = pl.concat([f.tables["levels"], last])


@forgery("rebalances", recorded=False)
def row_more_among_the_rebalances(f: Forged) -> None:
    table = f.tables["rebalances"]
    f.tables["rebalances"] = pl.concat([table, table.tail(1)])


# Head and keys.


def on_disk(change: Callable[[Path], None]) -> Change:
    """Return a forgery of the written folder, its head the publisher's."""

    def forge(f: Forged) -> None:
        f.head = "kept"
        f.late.append(change)

    return forge


def _head(path: Path, **values: Any) -> None:
    head = {**json.loads((path / "head.json").read_text()), **values}
    (path / "head.json").write_text(json.dumps(head, indent=2) + "\n")
    whole = json.loads((path / "manifest.json").read_text())
    whole["files"]["head.json"] = sha256((path / "head.json").read_bytes()).hexdigest()
    (path / "manifest.json").write_text(json.dumps(whole, indent=2, sort_keys=True))


def _headless(path: Path) -> None:
    (path / "head.json").unlink()
    whole = json.loads((path / "manifest.json").read_text())
    del whole["files"]["head.json"]
    (path / "manifest.json").write_text(json.dumps(whole, indent=2, sort_keys=True))


@forgery("signature")
def head_removed(f: Forged) -> None:
    on_disk(_headless)(f)


@forgery("signature")
def head_of_another_index(f: Forged) -> None:
    on_disk(lambda path: _head(path, symbol="FOUR"))(f)


@forgery("signature")
def head_that_says_another_instant(f: Forged) -> None:
    on_disk(lambda path: _head(path, at="2020-05-11T01:00:00Z"))(f)


@forgery("signature")
def head_of_fewer_entries(f: Forged) -> None:
    on_disk(lambda path: _head(path, entries=len(f.lines) - 1))(f)


@forgery("signature")
def key_changed_by_nobody(f: Forged) -> None:
    f.head = "kept"
    f.lines.remove(f.of_kind("key")[1])


@forgery("signature")
def key_line_altered(f: Forged) -> None:
    f.head = "kept"
    swap(f.of_kind("key")[1], reason="it was stolen")


@forgery("")
def signature_taken_off(f: Forged) -> None:
    f.head = "none"
