"""A year in the life of three indices by real rules on the real market, day by day through the command line.

    python -m tests.system.year --months 12 --shared DIR --out DIR

Each day its rows come into the lake and the three are published at two o'clock. Each month has corrections of each
kind, an outage of all and one of half the market; the year has other rules, a committee's decision, an asset that is
removed at once, another name, another key and an end. Now and then a publication is killed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from tests.system.administrator import Administrator, quickly, run, written
from tests.system.market import STABLECOINS, RealMarket, corrected, event, instant

from basketry.methodology.parse import dump_yaml, parse_yaml

FIRST = date(2019, 7, 1)
HISTORY = date(2019, 2, 15)
REPLICAS = Path(__file__).resolve().parents[2] / "examples" / "replicas"
TRIGGERS = {"triggers": ["eligibility_lost"]}
INDICES: Mapping[str, tuple[str, dict[str, dict[str, Any]]]] = {
    # Three days to correct an error: so a late price changes all levels since.
    "CCI30": ("cci30", {"rebalance": {"determine": "5d", "announce": "3d"}, "restate": {"window": "3d"}}),
    # It credits what is handed out: what is told of that late is corrected.
    "CD5": ("coindesk-5", {"rebalance": {"announce": "5d"}, "events": {"airdrop": "credit"}}),
    "BL20": ("bletchley-20", {"rebalance": {"announce": "3d", **TRIGGERS}}),
}
WINDOW = "CCI30"


@dataclass
class Year:
    """The calendar of what is done.

    Attributes:
        market: The real market.
        office: Who does it.
        months: How many there are; the first has each act.
        kills: How many publications of a month are killed.
    """

    market: RealMarket
    office: Administrator
    months: int
    kills: int
    key: str = ""
    _late: list[str] = field(default_factory=list)

    @property
    def last(self) -> date:
        """The last day: that of the last change."""
        return last_day(self.months)

    def live(self) -> None:
        """Live through all days."""
        with quickly():
            self._found()
            day = FIRST + timedelta(days=2)
            while day <= self.last:
                self._day(day)
                if day.day == 1:
                    sys.stderr.write(f"{day}: {len(self.office.seconds)} publications\n")
                day += timedelta(days=1)

    def _found(self) -> None:
        """Make key, lake and indices."""
        office = self.office
        office.home.mkdir(parents=True, exist_ok=True)
        (office.home / "password").write_text("correct horse\n")
        (office.home / "password").chmod(0o600)
        words = ["--password-file", office.home / "password"]
        self.key = run("keys", "new", office.home / "committee.key", *words)["public_key"]
        tags = [{"asset": name, "scheme": "tag", "value": "stablecoin"} for name in STABLECOINS]
        office.imports(self.market.before(FIRST + timedelta(days=2)))
        office.imports(pl.DataFrame(tags), "classifications")
        for path in rulebooks(office.home / "rules"):
            if path.stem in INDICES:
                office.begin(path.stem, path, instant(FIRST + timedelta(days=1), 2))

    def _day(self, day: date) -> None:
        office, market = self.office, self.market
        rows = market.on(day).filter(~pl.col("asset").is_in(self._absent(day)))
        if not rows.is_empty():
            office.imports(rows)
        at = instant(day, 2)
        victim = office.rng.choice(list(INDICES)) if day.day in self._killed_on(day) else None
        for index in INDICES:
            if index == victim:
                office.killed(index, at)
            if day == self.last:
                office.publish_for_good(index, at)
            else:
                office.publish(index, at)
        act = self._acts().get(day.day)
        if act is not None and day.month != self.last.month:
            act(day)
        for rare in self._rare(day):
            rare(day)
        if day.day in (29, 30, 31) or (day.month == 2 and day.day > 26):
            for index in INDICES:
                office.gives_out(index, at)
        if day.day == 1:
            for index in INDICES:
                office.keeps_head(index, f"{day:%Y-%m}")
            run("data", "compact", office.lake)

    def _killed_on(self, day: date) -> set[int]:
        days = range(2, monthrange(day.year, day.month)[1])
        rng = random.Random(day.year * 12 + day.month)  # noqa: S311 - chooses days, keeps no secret
        return set(rng.sample(days, self.kills))

    def _absent(self, day: date) -> list[str]:
        """Return whose rows do not come on a day: of all in an outage, of half, or of one who comes late."""
        names = self.market.on(day)["asset"].sort().to_list()
        if day.day in (19, 20):
            return names
        if day.day == 22:
            return names[::2]
        if day.day == 14:
            self._late = [self.office.members("CCI30")[2]]
            return self._late
        return []

    def _acts(self) -> dict[int, Callable[[date], None]]:
        """Return what is done each month, by the day."""
        return {
            5: lambda day: self._corrects(day, 3, "a late price", price=1.03, market_cap=1.03),
            9: lambda day: self._corrects(day, 9, "a price within the window", price=0.95, market_cap=0.95),
            11: lambda day: self._corrects(day, 11, "an immaterial price", price=1.0005, market_cap=1.0005),
            13: lambda day: self._corrects(day, 10, "a late supply", market_cap=1.4),
            15: self._late_row,
            17: self._late_event,
            27: lambda day: self._corrects(day, 27, "a supply of the determination", market_cap=1.1),
        }

    def _rare(self, day: date) -> Iterator[Callable[[date], None]]:
        calendar: dict[tuple[int, int], Callable[[date], None]] = {
            (2019, 712): self._override,
            (2019, 716): self._remove,
            (2019, 723): self._amend,
            (2019, 725): self._rename,
            (2019, 910): self._change_key,
            (2019, 1016): self._remove,
            (2019, 1023): self._amend,
        }
        act = calendar.get((day.year, day.month * 100 + day.day))
        if act is not None:
            yield act
        if day == self.last - timedelta(days=3):
            yield self._end

    def _corrects(self, day: date, of: int, what: str, *, price: float = 1.0, market_cap: float = 1.0) -> None:
        """Correct the row of a member, and publish that."""
        asset = self._member()
        row = self.market.row(day.replace(day=of), asset)
        self.office.imports(corrected(row, instant(day, 9), price=price, market_cap=market_cap))
        self._after(day, what)

    def _member(self) -> str:
        """Return one of the larger members of the first index, now one and now another."""
        return self.office.rng.choice(self.office.members("CCI30")[:4])

    def _after(self, day: date, what: str) -> None:
        for index in INDICES:
            kind = self.office.publish(index, instant(day, 11))
            self.office.count(f"{what}, {index}: {kind}")

    def _late_row(self, day: date) -> None:
        row = self.market.row(day - timedelta(days=1), self._late[0])
        self.office.imports(corrected(row, instant(day, 9)))
        self._after(day, "a late row")

    def _late_event(self, day: date) -> None:
        """Tell of an airdrop two days after it."""
        given = [name for name in self.market.on(day)["asset"].to_list() if name == "doge"]
        told = event("airdrop", self.office.members("CCI30")[0], instant(day - timedelta(days=2)), instant(day, 9),
                     new_asset=given[0], ratio=0.5 + day.month / 100)  # fmt: skip
        self.office.imports(told, "events")
        self._after(day, "an event told late")

    def _override(self, day: date) -> None:
        """Decide that a member is to go, which the trigger does as soon as the rules let it."""
        asset = self.office.members("BL20")[5]
        self.office.act("override", "BL20", instant(day, 12), "--asset", asset, "--action", "exclude",
                        "--effective", f"{day + timedelta(days=1)}")  # fmt: skip

    def _remove(self, day: date) -> None:
        """Remove a member at once: a delisting that the committee tells."""
        asset = self.office.members("BL20")[3]
        told = event("delisting", asset, instant(day, 23), instant(day, 12), removal="remove_at_last_price",
                     approver="Committee", reason="insolvent")  # fmt: skip
        self.office.imports(told, "events")
        self.office.count("removed at once")

    def _amend(self, day: date) -> None:
        path = self.office.home / "rules" / "new.yaml"
        rules = parse_yaml((self.office.folder("CCI30") / "methodology.yaml").read_text())
        rules["select"]["top"] = 25 if day.year == 2019 else 20
        if "versions" in rules:
            held = rules.pop("versions")
            for version in held:
                rules |= version["changes"]
            rules["select"] = {**rules["select"], "top": 20}
        path.write_text(dump_yaml(rules))
        words = ["index", "amend", self.office.folder("CCI30"), path, "--lake", self.office.lake]
        dry = run(*words, "--effective", f"{day + timedelta(days=1)}", "--reason", "a trial", "--approver", "Committee",
                  "--now", written(instant(day, 11)), "--dry-run")  # fmt: skip
        assert [change["path"] for change in dry["changes"]] == ["select.top"]
        self.office.act("amend", "CCI30", instant(day, 12), path, "--effective", f"{day + timedelta(days=1)}")

    def _rename(self, day: date) -> None:
        path = self.office.home / "rules" / "renamed.yaml"
        rules = parse_yaml((self.office.folder("CD5") / "methodology.yaml").read_text())
        path.write_text(dump_yaml({**rules, "name": "Large five", "symbol": "LARGE5"}))
        self.office.act("amend", "CD5", instant(day, 12), path, "--effective", f"{day + timedelta(days=1)}")

    def _change_key(self, day: date) -> None:
        """Pass the records on to another key."""
        office = self.office
        run("keys", "new", office.home / "next.key", "--password-file", office.home / "password")
        for index in INDICES:
            run("index", "key", office.folder(index), "--new", office.home / "next.key", *office.signing,
                "--new-password-file", office.home / "password", "--reason", "yearly", "--approver", "Committee",
                "--now", written(instant(day, 13)))  # fmt: skip
        office.count("keys changed", len(INDICES))
        (office.home / "next.key").replace(office.home / "committee.key")
        self.key = run("keys", "show", office.home / "committee.key")["public_key"]

    def _end(self, day: date) -> None:
        self.office.act("end", "BL20", instant(day, 12), "--last", f"{self.last}")


def last_day(months: int) -> date:
    """Return the day after the change that follows some months; the year ends where the data do."""
    years, month = divmod(FIRST.month - 1 + months, 12)
    return date(FIRST.year + years, month + 1, 2) if months < 12 else date(2020, 6, 30)


def rulebooks(folder: Path) -> list[Path]:
    """Write the rulebooks of the three and of their parent, from their base on, and return their files."""
    folder.mkdir()
    made = []
    for name, (replica, more) in {"coindesk-20": ("coindesk-20", {}), **INDICES}.items():
        rules = parse_yaml((REPLICAS / f"{replica}.yaml").read_text())
        rules["base"] = {**rules["base"], "date": f"{FIRST}"}
        for section, keys in more.items():
            rules[section] = {**rules.get(section, {}), **keys}
        path = folder / f"{name}.yaml"
        path.write_text(dump_yaml(rules))
        made.append(path)
    return made


def lived(shared: Path, home: Path, months: int, *, largest: int, kills: int, seed: int = 1) -> Year:
    """Live through some months and return them."""
    market = RealMarket.read(shared, HISTORY, last_day(months), largest)
    rng = random.Random(seed)  # noqa: S311 - chooses who is corrected, keeps no secret
    year = Year(market, Administrator(home, rng), months, kills)
    year.live()
    return year


def main() -> None:
    """Live through a year, verify it as a stranger and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--largest", type=int, default=60)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--every", type=int, default=7, help="Compare a batch run of each so-many-th day.")
    given = parser.parse_args()
    from tests.system.stranger import judged

    begin = time.perf_counter()
    year = lived(given.shared, given.out, given.months, largest=given.largest, kills=given.kills)
    lived_for = time.perf_counter() - begin
    found = judged(year, given.out / "stranger", given.every)
    json.dump({"lived_seconds": lived_for, **found}, sys.stdout, indent=2)


if __name__ == "__main__":
    main()
