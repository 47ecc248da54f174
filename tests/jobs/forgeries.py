"""Forgeries of a signed index, by kind, each with what refuses it beside the signature."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from tests.jobs.forged import Forged, Line

from basketry.core.digest import canonical_json, digest_bytes
from basketry.methodology.methodology import Methodology

Change = Callable[[Forged], None]


@dataclass(frozen=True)
class Forgery:
    """A forgery.

    Attributes:
        name: What is done.
        change: Doing it.
        refused_by: Name of a check that refuses it though the forger signed with a key of their own; '' where nothing
            but the key or a kept head does.
        recorded: Whether it changes the record, so that the publisher's head fits it no more.
    """

    name: str
    change: Change
    refused_by: str
    recorded: bool = True


FORGERIES: list[Forgery] = []


def forgery(refused_by: str, *, recorded: bool = True) -> Callable[[Change], Change]:
    """Enter a function among the forgeries, under its own name."""

    def enter(change: Change) -> Change:
        FORGERIES.append(Forgery(change.__name__.replace("_", " "), change, refused_by, recorded))
        return change

    return enter


def swap(line: Line, **values: Any) -> None:
    """Put other values into the body of a line."""
    line.body |= values


# Levels, compositions, events.


@forgery("record", recorded=False)
def level_in_the_table(f: Forged) -> None:
    f.cell("levels", 60, "price_return", lambda was: was + 5)


@forgery("record")
def level_in_the_record(f: Forged) -> None:
    f.level("2020-04-15").body["price_return"] += 5


@forgery("levels")
def level_in_table_and_record(f: Forged) -> None:
    line = f.level("2020-04-15")
    line.body["price_return"] += 5
    row = f.tables["levels"]["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").to_list().index(line.body["time"])
    f.cell("levels", row, "price_return", line.body["price_return"])


@forgery("levels")
def total_return_in_table_and_record_by_a_ten_thousandth(f: Forged) -> None:
    line = f.level("2020-05-09")
    line.body["total_return"] = round(line.body["total_return"] + 0.0001, 4)
    f.cell("levels", f.tables["levels"].height - 2, "total_return", line.body["total_return"])


@forgery("levels")
def status_in_table_and_record(f: Forged) -> None:
    line = f.level("2020-05-10")
    line.body["status"] = "carried" if line.body["status"] != "carried" else "calculated"
    f.cell("levels", f.tables["levels"].height - 1, "status", line.body["status"])


@forgery("levels", recorded=False)
def reason_of_a_level(f: Forged) -> None:
    f.cell("levels", 30, "reason", "an invention")


def composition(f: Forged, **values: Any) -> None:
    """Put other values into the last composition, in table and record."""
    line = f.of_kind("composition")[-1]
    table = f.tables["compositions"]
    first = table.height - len(line.body["holdings"])
    for name, value in values.items():
        if name == "divisor":
            line.body["divisor"] = value(line.body["divisor"])
            for row in range(first, table.height):
                f.cell("compositions", row, "divisor", line.body["divisor"])
        else:
            place = {"units": 1, "weight": 2, "price": 3}[name]
            line.body["holdings"][0][place] = value(line.body["holdings"][0][place])
            f.cell("compositions", first, name, line.body["holdings"][0][place])


@forgery("compositions")
def weight_of_a_composition(f: Forged) -> None:
    composition(f, weight=lambda was: was * 1.01)


@forgery("compositions")
def units_of_a_composition(f: Forged) -> None:
    composition(f, units=lambda was: was * 1.01)


@forgery("compositions")
def divisor_of_a_composition(f: Forged) -> None:
    composition(f, divisor=lambda was: was * 1.01)


@forgery("compositions")
def price_of_a_composition(f: Forged) -> None:
    composition(f, price=lambda was: was * 1.01)


@forgery("compositions", recorded=False)
def capping_factor_of_a_composition(f: Forged) -> None:
    f.cell("compositions", 0, "capping_factor", 0.5)


@forgery("events")
def event_added(f: Forged) -> None:
    events, line = f.tables["events"], f.of_kind("event")[-1]
    extra = deepcopy(line)
    extra.body["treatment"] = "an invention"
    f.lines.insert(f.lines.index(line) + 1, extra)
    row = events.tail(1).with_columns(treatment=pl.lit("an invention"))
    f.tables["events"] = pl.concat([events, row])


@forgery("events")
def event_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("event")[-1])
    f.tables["events"] = f.tables["events"].head(f.tables["events"].height - 1)


@forgery("events")
def event_altered(f: Forged) -> None:
    line = f.of_kind("event")[-1]
    line.body["evidence"] = "no decision of anybody"
    f.cell("events", f.tables["events"].height - 1, "evidence", "no decision of anybody")


# Announcements.


@forgery("announcements")
def announcement_altered(f: Forged) -> None:
    f.of_kind("announced")[-1].body["holdings"][0][1] += 0.01


@forgery("announcements")
def announcement_moved_to_an_earlier_day(f: Forged) -> None:
    swap(f.of_kind("announced")[-1], announced_at="2020-04-25T00:00:00Z")


@forgery("announcements")
def announcement_told_at_an_earlier_instant(f: Forged) -> None:
    swap(f.of_kind("announced")[0], time="2020-02-24T00:00:00Z")


@forgery("announcements")
def announcement_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("announced")[-1])


@forgery("announcements")
def announcement_invented(f: Forged) -> None:
    line = f.of_kind("announced")[-1]
    extra = deepcopy(line)
    swap(extra, effective_at="2020-05-08T00:00:00Z")
    f.lines.insert(f.lines.index(line) + 1, extra)


# Publications.


@forgery("readable")
def through_of_a_publication_earlier(f: Forged) -> None:
    swap(f.of_kind("published")[-1], through="2020-05-09T00:00:00Z")


@forgery("readable")
def through_of_a_publication_later(f: Forged) -> None:
    swap(f.of_kind("published")[-1], through="2020-05-11T00:00:00Z")


@forgery("")
def approver_of_a_publication(f: Forged) -> None:
    swap(f.of_kind("published")[3], approver="Somebody else")


@forgery("")
def approver_throughout(f: Forged) -> None:
    for line in f.lines:
        if line.kind in ("published", "restatement", "released", "ended") or line.kind == "amended":
            swap(line, approver="Somebody else")


@forgery("publications")
def known_by_of_a_publication_earlier(f: Forged) -> None:
    swap(f.of_kind("published")[-1], known_by="2020-05-10T00:30:00Z")


@forgery("publications")
def known_by_of_a_publication_later(f: Forged) -> None:
    swap(f.of_kind("published")[-1], known_by="2020-05-10T02:00:00Z")


def known(f: Forged, number: int, by: str) -> None:
    """Let a publication, and its lines, know something else."""
    ends = [place for place, line in enumerate(f.lines) if line.kind == "published"]
    for line in f.lines[ends[number - 1] + 1 : ends[number] + 1]:
        if "known_by" in line.body:
            swap(line, known_by=by)
    f.digests()


@forgery("publications")
def known_by_of_publication_and_lines_after_it_was_written(f: Forged) -> None:
    known(f, -1, "2020-05-10T02:00:00Z")


@forgery("readable")
def known_by_of_publication_and_lines_before_the_one_before(f: Forged) -> None:
    known(f, -1, "2020-05-01T00:00:00Z")


@forgery("record")
def known_by_of_publication_and_lines_nothing(f: Forged) -> None:
    swap(f.of_kind("published")[-1], known_by=None)


@forgery("publications")
def inputs_of_a_publication(f: Forged) -> None:
    swap(f.of_kind("published")[-1], inputs="0" * 64)


@forgery("")
def inputs_of_a_publication_before_a_restatement(f: Forged) -> None:
    swap(f.of_kind("published")[0], inputs="0" * 64)


@forgery("manifest")
def software_of_a_publication(f: Forged) -> None:
    swap(f.of_kind("published")[1], software="9.9.9")


@forgery("")
def software_of_a_publication_in_manifest_too(f: Forged) -> None:
    swap(f.of_kind("published")[1], software="9.9.9")
    f.complete()


@forgery("record")
def software_of_a_publication_unsaid(f: Forged) -> None:
    swap(f.of_kind("published")[1], software=None)


@forgery("record")
def software_of_all_publications_unsaid_and_their_digests_invented(f: Forged) -> None:
    for line in f.of_kind("published"):
        swap(line, software=None, inputs="0" * 64)


@forgery("publications")
def publication_removed_from_between(f: Forged) -> None:
    f.lines.remove(f.of_kind("published")[5])


# Restatements.


@forgery("restatements")
def kept_errors_of_a_restatement(f: Forged) -> None:
    line = f.of_kind("restatement")[0]
    line.body["kept"]["largest"]["relative_error"] = 0.0001


@forgery("restatements")
def restated_levels_of_a_restatement(f: Forged) -> None:
    f.of_kind("restatement")[1].body["restated"]["levels"] = 7


@forgery("restatements")
def after_of_a_restatement(f: Forged) -> None:
    swap(f.of_kind("restatement")[0], after="2020-03-24T00:00:00Z")


@forgery("restatements")
def level_of_a_restatement(f: Forged) -> None:
    f.of_kind("restatement")[0].body["level"] += 1


@forgery("")
def reason_of_a_restatement(f: Forged) -> None:
    swap(f.of_kind("restatement")[0], reason="the exchange was closed")


@forgery("")
def approver_of_a_restatement(f: Forged) -> None:
    swap(f.of_kind("restatement")[0], approver="Somebody else")


@forgery("restatements")
def cause_of_a_restatement(f: Forged) -> None:
    swap(f.of_kind("restatement")[0], cause="software")


@forgery("restatements")
def rule_of_a_restatement(f: Forged) -> None:
    swap(f.of_kind("restatement")[0], rule="relative error above 5.0000%, within 1d, with all levels after it")


@forgery("restatements")
def knowledge_of_a_restatement(f: Forged) -> None:
    swap(f.of_kind("restatement")[1], known_by="2020-04-02T02:00:00Z")


@forgery("levels")
def restatement_removed_whole(f: Forged) -> None:
    f.lines.remove(f.of_kind("restatement")[0])


@forgery("record")
def restatement_invented_at_the_end(f: Forged) -> None:
    line = deepcopy(f.of_kind("restatement")[0])
    none = {"levels": 0, "compositions": 0, "first": None, "largest": None}
    level = f.of_kind("level")[-1].body
    swap(line, after=level["time"], through=level["time"], level=level["price_return"], kept=none, restated=none)
    swap(line, known_by="2020-05-10T01:00:00Z")
    f.lines.append(Line("restatement", line.body, "2020-05-10T01:00:00Z"))


@forgery("levels")
def history_invented_behind_a_line_that_keeps_it(f: Forged) -> None:
    end = f.lines.index(f.of_kind("restatement")[0])
    factor = 50_000 / 1000
    for line in f.lines[:end]:
        if line.kind == "level":
            for name in ("price_return", "total_return"):
                line.body[name] = round(line.body[name] * factor, 4)
    table = f.tables["levels"]
    early = pl.col("time") <= pl.lit("2020-03-25").str.to_datetime(time_zone="UTC")
    f.tables["levels"] = table.with_columns(
        pl.when(early).then((pl.col(name) * factor).round(4)).otherwise(name).alias(name)
        for name in ("price_return", "total_return")
    )
    body = f.of_kind("restatement")[0].body
    body["level"] = round(body["level"] * factor, 4)


@forgery("restatements")
def superseded_level(f: Forged) -> None:
    f.level("2020-04-02", last=False).body["price_return"] += 5


@forgery("restatements")
def superseded_level_and_its_errors(f: Forged) -> None:
    line, body = f.level("2020-04-02", last=False), f.of_kind("restatement")[1].body
    for name in ("price_return", "total_return"):
        line.body[name] = round(line.body[name] * 1.05, 4)
    for error in (body["restated"]["first"], body["restated"]["largest"]):
        error["published"] = line.body["price_return"]
        error["relative_error"] = error["corrected"] / error["published"] - 1


# Amendments and decisions.


@forgery("record")
def effective_of_an_amendment(f: Forged) -> None:
    swap(f.of_kind("amended")[0], effective="2020-04-21T00:00:00Z")


@forgery("record")
def versions_counted_by_an_amendment(f: Forged) -> None:
    f.of_kind("amended")[0].body["rules"]["versions"] = 2


@forgery("record")
def digest_of_an_amendment(f: Forged) -> None:
    f.of_kind("amended")[0].body["rules"]["digest"] = "0" * 64


@forgery("record")
def amendment_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("amended")[1])


@forgery("record")
def amendment_that_changes_nothing_invented(f: Forged) -> None:
    line = deepcopy(f.of_kind("amended")[1])
    swap(line, before=line.body["rules"], effective="2020-05-20T00:00:00Z")
    place = f.lines.index(f.of_kind("published")[-2]) + 1
    f.lines.insert(place, Line("amended", line.body, f.lines[place - 1].at))


def ruled(f: Forged, change: Callable[[dict[str, Any]], None], *, recorded: bool) -> None:
    """Change the rulebook, and where `recorded` what the record says of it."""
    document = Methodology.parse(f.rules, "forged").document
    plain = json.loads(canonical_json(document))
    change(plain)
    f.rules = Methodology.load(plain).to_yaml()
    f.manifest["methodology"] = {**f.manifest["methodology"], "digest": Methodology.load(plain).digest}
    if recorded:
        f.of_kind("amended")[-1].body["rules"]["digest"] = digest_bytes(canonical_json(plain).encode())


@forgery("record", recorded=False)
def rulebook_edited(f: Forged) -> None:
    ruled(f, lambda rules: rules["select"].update(top=2), recorded=False)


@forgery("record")
def rulebook_edited_with_the_last_digest(f: Forged) -> None:
    ruled(f, lambda rules: rules["select"].update(top=2), recorded=True)


@forgery("events")
def reason_of_a_decision_in_the_rulebook(f: Forged) -> None:
    ruled(f, lambda rules: rules["overrides"][0].update(reason="a whim"), recorded=True)


@forgery("record", recorded=False)
def remark_in_the_rulebook(f: Forged) -> None:
    f.rules += "# Weights are decided by the committee.\n"


# Beginning, releases, end.


@forgery("record")
def name_in_the_first_line(f: Forged) -> None:
    swap(f.lines[0], name="Four")


@forgery("manifest")
def simulated_in_the_first_line(f: Forged) -> None:
    swap(f.lines[0], simulated=True)


@forgery("record")
def a_word_more_in_the_first_line(f: Forged) -> None:
    swap(f.lines[0], endorsed_by="a regulator")


@forgery("gate")
def release_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("released")[0])


@forgery("gate")
def release_invented(f: Forged) -> None:
    line = deepcopy(f.of_kind("released")[0])
    swap(line, time="2020-05-08T00:00:00Z")
    f.lines.insert(f.lines.index(f.of_kind("published")[-1]), Line("released", line.body, "2020-05-10T01:00:00Z"))


@forgery("gate")
def release_moved_to_a_later_publication(f: Forged) -> None:
    line = f.of_kind("released")[0]
    f.lines.remove(line)
    f.lines.insert(f.lines.index(f.of_kind("published")[-1]), Line("released", line.body, "2020-05-10T01:00:00Z"))


@forgery("gate")
def release_said_twice(f: Forged) -> None:
    line = f.of_kind("released")[0]
    f.lines.insert(f.lines.index(line), deepcopy(line))


@forgery("manifest")
def end_moved(f: Forged) -> None:
    swap(f.of_kind("ended")[0], last="2020-05-30T00:00:00Z")


@forgery("manifest")
def end_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("ended")[0])


@forgery("")
def end_removed_from_manifest_and_pages_too(f: Forged) -> None:
    f.lines.remove(f.of_kind("ended")[0])
    f.complete()


@forgery("")
def end_moved_in_manifest_and_pages_too(f: Forged) -> None:
    swap(f.of_kind("ended")[0], last="2020-05-30T00:00:00Z")
    f.complete()


@forgery("readable")
def end_before_what_was_published(f: Forged) -> None:
    swap(f.of_kind("ended")[0], last="2020-05-07T00:00:00Z")


# The record as a whole.


@forgery("record")
def tail_of_the_record_cut(f: Forged) -> None:
    end = f.lines.index(f.of_kind("published")[-2])
    f.lines = f.lines[: end + 1]


@forgery("")
def tail_cut_in_every_part(f: Forged) -> None:
    end = f.lines.index(f.of_kind("published")[-2])
    f.lines = f.lines[: end + 1]
    f.complete()


@forgery("record")
def lines_of_a_publication_in_another_order(f: Forged) -> None:
    place = f.lines.index(f.level("2020-05-07"))
    f.lines[place], f.lines[place + 1] = f.lines[place + 1], f.lines[place]


@forgery("readable")
def at_moved_back(f: Forged) -> None:
    f.of_kind("published")[4].at = "2020-03-01T00:00:00Z"


@forgery("publications")
def at_of_everything_before_the_data_were_known(f: Forged) -> None:
    first = f.lines.index(f.of_kind("ended")[0])
    for line in f.lines[first:]:
        line.at = "2020-05-06T02:00:00Z"


@forgery("readable")
def at_moved_forward(f: Forged) -> None:
    f.of_kind("published")[4].at = "2020-06-01T00:00:00Z"


@forgery("")
def at_of_the_last_publication_later(f: Forged) -> None:
    first = f.lines.index(f.of_kind("ended")[0]) + 1
    for line in f.lines[first:]:
        line.at = "2020-05-11T02:00:00Z"


@forgery("restatements")
def at_of_a_restatement_within_the_window(f: Forged) -> None:
    start = f.lines.index(f.of_kind("restatement")[0])
    end = f.lines.index(f.of_kind("published")[2])
    for line in f.lines[start : end + 1]:
        line.at = "2020-03-25T02:00:00Z"


@forgery("readable")
def at_removed_from_a_line(f: Forged) -> None:
    f.of_kind("published")[4].at = None


@forgery("record")
def at_removed_from_all_lines(f: Forged) -> None:
    for line in f.lines:
        line.at = None


@forgery("record")
def format_of_old_without_announcements(f: Forged) -> None:
    f.manifest["format"] = 1
    f.lines = [line for line in f.lines if line.kind != "announced"]


@forgery("readable")
def line_of_an_unknown_kind(f: Forged) -> None:
    f.lines.append(Line("audited", {"by": "a firm"}, f.lines[-1].at))


@forgery("record")
def lines_that_were_never_published(f: Forged) -> None:
    body = {**f.of_kind("level")[-1].body, "time": "2020-05-11T00:00:00Z"}
    f.lines.append(Line("level", body, f.lines[-1].at))


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


@forgery("next.json", recorded=False)
def what_comes_next_behind_pictures_of_another_version(f: Forged) -> None:
    f.manifest["pages"] = {**f.manifest["pages"], "matplotlib": "1.0"}
    page(f, "factsheet.html", "</svg>", "<text>+50%</text></svg>")
    f.pages["next.json"] = b'[{"stage": "announced"}]\n'


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
