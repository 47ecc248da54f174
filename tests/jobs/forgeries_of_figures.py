"""Forgeries of levels, compositions and events, and of the corrections that bear on them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import polars as pl
from tests.jobs.forged import Forged, Line
from tests.jobs.forgery import forgery, swap

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


# What stands behind data that are lost, or behind another version.


def levels_behind_one_that_stands(f: Forged) -> None:
    """Move one level before the last correction by less than the threshold, and three after it by much."""
    f.move("2020-03-10", 1.0005)
    f.rejudge()
    f.complete()
    for day in ("2020-05-01", "2020-05-05", "2020-05-10"):
        f.move(day, 1.4)


@forgery("levels")
def levels_after_the_last_correction_behind_a_lost_digest(f: Forged) -> None:
    swap(f.of_kind("published")[0], inputs="0" * 64)
    levels_behind_one_that_stands(f)


@forgery("levels")
def levels_after_the_last_correction_behind_another_version(f: Forged) -> None:
    swap(f.of_kind("published")[0], software="0.0.9")
    levels_behind_one_that_stands(f)


@forgery("levels")
def level_before_the_lost_digest_by_less_than_the_threshold(f: Forged) -> None:
    swap(f.of_kind("published")[1], inputs="0" * 64)
    f.move("2020-03-10", 1.0005)
    f.rejudge()
    f.complete()


@forgery("restatements")
def superseded_level_behind_a_lost_digest(f: Forged) -> None:
    swap(f.of_kind("published")[0], inputs="0" * 64)
    f.move("2020-04-02", 1.5, last=False)
    f.rejudge()


@forgery("restatements")
def superseded_level_behind_another_version(f: Forged) -> None:
    swap(f.of_kind("published")[0], software="0.0.9")
    f.move("2020-04-02", 1.5, last=False)
    f.rejudge()


@forgery("gate")
def superseded_level_of_a_lost_digest_beyond_the_guard(f: Forged) -> None:
    end = f.lines.index(f.of_kind("restatement")[1])
    swap([line for line in f.lines[:end] if line.kind == "published"][-1], inputs="0" * 64)
    f.move("2020-04-02", 3.0, last=False)
    f.rejudge()


@forgery("restatements")
def correction_of_nothing(f: Forged) -> None:
    last = f.lines[-1]
    line = deepcopy(f.of_kind("restatement")[0])
    swap(line, through=last.body["through"], known_by=last.body["known_by"], reason="a regulator asked for it")
    line.at = last.at
    f.lines += [line, Line("published", dict(last.body), last.at)]
    f.rejudge()
    f.digests()
    f.complete()
