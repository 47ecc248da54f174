"""Replicas of published indices on real data: whom they hold, within which limits, and CRIX as published."""

from collections.abc import Callable
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from basketry.core.time import to_datetime
from basketry.index.calculate import calculate_index
from basketry.index.result import IndexResult
from basketry.jobs.new import replicas
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

FOLDER = Path(__file__).resolve().parents[2] / "examples"
MEMBERS = {
    "coindesk-5": 5, "coindesk-20": 20, "coindesk-80": 80, "cmbi-10": 10, "bletchley-20": 20, "bletchley-40": 40,
    "cci30": 30, "marketvector-10": 10, "bloomberg-galaxy": 12, "cf-ultra-cap-5": 5, "coindesk-market": 250,
}  # fmt: skip
"""How many are wanted; fewer where fewer are eligible. CRIX wants as many as its criterion does."""

Calculate = Callable[[str], IndexResult]


@pytest.fixture(scope="module")
def replica(real_panel: Panel) -> Calculate:
    """What calculates a replica on real data, from its base to June 2020."""

    @cache
    def calculate(name: str) -> IndexResult:
        return calculate_index(Methodology.load(FOLDER / f"{name}.yaml"), real_panel, end="2020-06-30")

    return calculate


def held(result: IndexResult) -> dict[np.datetime64, set[str]]:
    """Return who is held from each change on that was determined."""
    table = result.compositions
    days = result.rebalances.filter(pl.col("trigger").is_in(["base", "schedule"]))["effective_at"].unique()
    kept = table.filter(pl.col("effective_at").is_in(days.implode()))
    return {day[0]: set(rows["asset"]) for day, rows in kept.group_by("effective_at", maintain_order=True)}


@pytest.mark.parametrize("name", sorted(replicas()))
def test_a_replica_cites_its_rules_and_has_a_history(name: str, replica: Calculate) -> None:
    text = replicas()[name]
    assert text.startswith("# After ")
    assert "\n# Different from the original: " in text
    result = replica(name)
    assert (result.level() > 0).all()
    sizes = [len(members) for members in held(result).values()]
    wanted = MEMBERS.get(name.removeprefix("replicas/"))
    assert max(sizes) <= (wanted or 100)
    if wanted is not None and wanted < 80:
        # Never more than was wanted, and as many once the market had them.
        assert sizes[-1] == wanted


def test_the_family_of_coindesk_is_nested(replica: Calculate) -> None:
    five, twenty, eighty = (held(replica(f"replicas/coindesk-{n}")) for n in (5, 20, 80))
    assert len(five) > 15
    assert all(five[day] <= twenty[day] for day in five)
    # The base of the eighty lies between two changes of the twenty.
    common = sorted(set(eighty) & set(twenty))
    assert len(common) > 5
    assert all(not eighty[day] & twenty[day] for day in common)


def test_the_families_of_ranks_do_not_meet(real_panel: Panel) -> None:
    """Without the guard, which examines who is chosen: the one may correct what the other does not look at."""
    found = []
    off = {"supply_change": None, "price_jump": None, "min_turnover": None}
    for number in (20, 40):
        document = Methodology.load(FOLDER / "replicas" / f"bletchley-{number}.yaml").document
        rules = Methodology.load({**document, "guard": off})
        found.append(held(calculate_index(rules, real_panel, end="2020-06-30")))
    twenty, forty = found
    assert len(twenty) > 30
    assert all(not twenty[day] & forty[day] for day in twenty)


def test_members_of_the_cmbi_10_change_at_reviews_alone(replica: Calculate) -> None:
    result = replica("replicas/cmbi-10")
    changes = result.rebalances.filter((pl.col("trigger") == "schedule") & pl.col("change").is_in(["add", "delete"]))
    assert set(changes["effective_at"].dt.month()) <= {1, 4, 7, 10}
    assert changes.height > 10
    reviews = result.events.filter(pl.col("kind") == "review")["time"]
    # The third Friday before the first business day, at 16:00 New York; the last row before it is that of the day.
    assert set(reviews.dt.weekday()) == {5}


def test_limits_of_weights_hold_on_the_day(replica: Calculate) -> None:
    for name, most in (("marketvector-10", 0.30), ("bloomberg-galaxy", 0.30)):
        result = replica(f"replicas/{name}")
        # As soon as there are enough members for the cap.
        days = [day for day, members in held(result).items() if len(members) * most >= 1]
        assert len(days) > 20
        table = result.compositions.filter(pl.col("effective_at").is_in(days))
        assert table["weight"].max() <= most + 1e-12, name  # type: ignore[operator]
    assert table["weight"].min() >= 0.01 - 1e-12  # type: ignore[operator]


def test_the_crix_replica_follows_the_published_crix(shared: Path, replica: Calculate) -> None:
    """With the number kept for a quarter daily returns correlate at 0.949, as with a monthly one."""
    published = pl.read_parquet(shared / "data" / "published_index_levels.parquet").filter(pl.col("index") == "CRIX")
    result = replica("replicas/crix")
    ours = result.levels.select(date=pl.col("time").dt.date().dt.offset_by("-1d"), replica="price_return")
    both = published.join(ours, on="date", how="inner").sort("date")
    assert both.height == 1_250
    returns = np.diff(np.log(both.select("value", "replica").to_numpy()), axis=0)
    assert np.corrcoef(returns.T)[0, 1] > 0.948
    weekly = np.add.reduceat(returns, np.arange(0, len(returns), 7))
    assert np.corrcoef(weekly.T)[0, 1] > 0.99
    assert to_datetime(result.times[0]).year == 2014


def test_the_histories_are_drawn(replica: Calculate, tmp_path: Path) -> None:
    spec = spec_from_file_location("replicas", FOLDER.parent / "docs" / "replicas.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = {name: replica(f"replicas/{name}") for name in ("coindesk-5", "cmbi-10", "cf-ultra-cap-5")}
    content = module.draw(drawn, tmp_path / "replicas.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) > 20_000
