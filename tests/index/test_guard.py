"""The guard: which supply is believed, and until when; prices far above their median; turnover."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basketry.core.errors import MethodologyError
from basketry.index.determine import Determination, determine
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

START = datetime(2020, 1, 1)
DAYS = 120
NAN = float("nan")
SIGNED = {"reason": "the supply was raised", "approver": "committee", "date": "2020-03-01"}


def day(number: int) -> np.datetime64:
    return np.datetime64(START, "us") + np.timedelta64(number, "D")


def panel_of(
    supplies: dict[str, list[float]],
    *,
    tabled: list[float] | None = None,
    events: list[dict[str, Any]] | None = None,
    volume: float = 100.0,
    price: float = 1.0,
    prices: dict[str, list[float]] | None = None,
) -> Panel:
    """Return a daily panel of assets at one price, or prices of their own, with supplies implied by capitalisation.

    `tabled` is the supply of asset a in the supply table.
    """
    times = [START + timedelta(days=n) for n in range(len(next(iter(supplies.values()))))]
    flat = {name: [price] * len(times) for name in supplies} | (prices or {})
    caps = {name: [p * q for p, q in zip(flat[name], values, strict=True)] for name, values in supplies.items()}
    traded = {name: [volume] * len(times) for name in supplies}
    table = None
    if tabled is not None:
        stamps = [time.replace(tzinfo=UTC) for time in times]
        table = pl.DataFrame({"time": stamps, "asset": ["a"] * len(times), "supply": tabled})
    wide: dict[str, Any] = {
        name: pl.DataFrame({"time": times, **columns})
        for name, columns in {"price": flat, "market_cap": caps, "volume": traded}.items()
    }
    rows = None
    if events is not None:
        rows = pl.DataFrame(events, schema_overrides={"new_asset": pl.String, "ratio": pl.Float64})
    return Panel.from_frames(supply=table, events=rows, **wide)


def jump(factor: float, on: int = 60, days: int = DAYS) -> dict[str, list[float]]:
    """Return the supplies of two assets of 100 units, of which a reports `factor` times as many from a day on."""
    return {"a": [100.0] * on + [100.0 * factor] * (days - on), "b": [100.0] * days}


def decided(panel: Panel, **sections: Any) -> Determination:
    document = {
        "basketry": 1,
        "name": "Test",
        "symbol": "TEST",
        "base": {"date": "2020-01-01", "level": 100},
        "select": {"by": "market_cap", "all": {}},
        "weight": {"by": "market_cap"},
        "rebalance": {"every": "month", "determine": "0d"},
    }
    version = Methodology.load({**document, **sections}).at(panel.now)
    return determine(version, panel, np.zeros(len(panel.assets), dtype=bool))


def share(panel: Panel, row: int = DAYS - 1, **sections: Any) -> float:
    """Return the weight of asset a at a row."""
    found = decided(panel.as_of(day(row)), **sections)
    return float(found.weights[np.flatnonzero(found.columns == panel.position("a"))[0]])


@pytest.mark.parametrize("factor", [10.0, 1.9, 1.51, 1 / 1.51, 0.5, 0.1, 0.001])
def test_a_jump_is_not_believed_however_long_it_lasts(factor: float) -> None:
    panel = panel_of(jump(factor))
    for row in (60, 61, 74, 76, 90, 91, 119):
        assert share(panel, row) == pytest.approx(0.5, rel=1e-12)
        found = decided(panel.as_of(day(row)))
        assert f"supply {100 * factor:.6g} is {factor:.3g} times the 100 believed" in found.frozen[0]
    assert share(panel, 59) == 0.5


@pytest.mark.parametrize("factor", [1.49, 1 / 1.49, 1.0])
def test_a_small_step_is_believed_at_once(factor: float) -> None:
    panel = panel_of(jump(factor))
    assert share(panel, 60) == pytest.approx(factor / (factor + 1))
    assert not decided(panel).frozen


def test_several_small_steps_within_a_window_are_a_jump() -> None:
    values = [100.0] * 60 + [140.0] * 2 + [196.0] * 2 + [274.4] * 56
    panel = panel_of({"a": values, "b": [100.0] * DAYS})
    assert share(panel, 63) == pytest.approx(196 / 296)
    # Each step is below 1.5, but 274.4 is 2.7 times the 100 of 30 days before; from day 90 on it is 1.96 times the 140.
    assert share(panel, 64) == share(panel, 89) == pytest.approx(196 / 296)
    assert share(panel, 90) == share(panel, 119) == pytest.approx(274.4 / 374.4)


@pytest.mark.parametrize("daily", [1.02, 0.98])
def test_slow_growth_passes(daily: float) -> None:
    values = [100.0 * daily**n for n in range(DAYS)]
    panel = panel_of({"a": values, "b": [100.0] * DAYS})
    assert share(panel) == pytest.approx(values[-1] / (values[-1] + 100))
    assert not decided(panel).frozen


def test_what_is_believed_grows_with_what_is_reported_and_the_right_figure_is_taken_up_again() -> None:
    growth = [1.01**n for n in range(DAYS)]
    values = [100 * g * (10 if 40 <= n < 90 else 1) for n, g in enumerate(growth)]
    panel = panel_of({"a": values, "b": [100 * g for g in growth]})
    # Only the growth of the day of the jump, of 1%, is not told apart from it.
    assert share(panel, 89) == pytest.approx(1 / 2.01, rel=1e-9)
    assert share(panel, 90) == pytest.approx(0.5, rel=1e-9)
    assert 0 in decided(panel.as_of(day(89))).frozen
    assert not decided(panel.as_of(day(90))).frozen


def test_a_spike_of_one_day_leaves_nothing_behind() -> None:
    values = [100.0] * 60 + [1000.0] + [100.0] * 59
    panel = panel_of({"a": values, "b": [100.0] * DAYS})
    assert [share(panel, row) for row in (59, 60, 61)] == [0.5, 0.5, 0.5]
    assert not decided(panel.as_of(day(61))).frozen


def test_the_first_days_of_a_series_and_a_series_that_begins_anew_are_believed() -> None:
    young = [100.0] * 3 + [1000.0] * 117
    assert share(panel_of({"a": young, "b": [100.0] * DAYS})) == pytest.approx(10 / 11)
    later = [100.0] * 7 + [1000.0] * 113
    assert share(panel_of({"a": later, "b": [100.0] * DAYS})) == 0.5
    # Nothing reported for more than a window of 30 days: no figure is left to judge by.
    for gap, right in ((30, 0.5), (31, 10 / 11)):
        values = [100.0] * 50 + [NAN] * (gap - 1) + [1000.0] * (71 - gap)
        assert share(panel_of({"a": values, "b": [100.0] * DAYS})) == pytest.approx(right)


def test_a_second_source_that_agrees_confirms_a_jump() -> None:
    tabled = jump(10.0)["a"]
    # Table and source both say 1,000; then only the table; then the source says so twenty days later.
    assert share(panel_of(jump(10.0), tabled=tabled), 60) == pytest.approx(10 / 11)
    assert share(panel_of(jump(1.0), tabled=tabled)) == 0.5
    late = panel_of(jump(10.0, on=80), tabled=tabled)
    assert share(late, 79) == 0.5
    assert share(late, 80) == pytest.approx(10 / 11)
    # Sources agree that are within a tenth of each other.
    assert share(panel_of(jump(9.2), tabled=tabled)) == pytest.approx(10 / 11)
    assert share(panel_of(jump(9.0), tabled=tabled)) == 0.5


@pytest.mark.parametrize(("asset", "new_asset"), [("c", "a"), ("a", "c")])
@pytest.mark.parametrize("kind", ["merger", "hard_fork", "airdrop"])
def test_a_recorded_event_confirms_a_jump_within_a_week(kind: str, asset: str, new_asset: str) -> None:
    supplies = {**jump(3.0), "c": [1e-6] * DAYS}
    for on, confirmed in ((60, True), (54, True), (53, False), (61, True), (70, True)):
        stamp = START.replace(tzinfo=UTC) + timedelta(days=on)
        row = {"time": stamp, "kind": kind, "asset": asset, "new_asset": new_asset, "ratio": 1.0}
        found = decided(panel_of(supplies, events=[row]))
        assert (0 in found.frozen) is not (confirmed or (kind == "merger" and asset == "a"))


def test_a_redenomination_is_no_jump_and_confirms_none() -> None:
    row = {"time": START.replace(tzinfo=UTC) + timedelta(days=60), "kind": "redenomination", "asset": "a"}
    supplies = {"a": [100.0] * 60 + [1000.0] * 60, "b": [100.0] * DAYS}
    tenth = {"a": [1.0] * 60 + [0.1] * 60}
    panel = panel_of(supplies, events=[{**row, "new_asset": None, "ratio": 10.0}], prices=tenth)
    assert not decided(panel).frozen
    tenfold = {"a": [100.0] * 62 + [10_000.0] * 58, "b": [100.0] * DAYS}
    panel = panel_of(tenfold, events=[{**row, "new_asset": None, "ratio": 10.0}], prices=tenth)
    # 100 old units are 1,000 new ones; the source raised its figure two days late, and by ten times too much.
    assert 0 in decided(panel.as_of(day(61))).frozen
    assert share(panel) == pytest.approx(0.5)


def test_a_redenomination_that_nobody_recorded_leaves_the_capitalisation() -> None:
    # 1:100 on day 60 with the price, and the reverse; the capitalisation that is reported stays and is right.
    for supply, price in ((10_000.0, 0.01), (1.0, 100.0)):
        supplies = {"a": [100.0] * 60 + [supply] * 60, "b": [100.0] * DAYS}
        panel = panel_of(supplies, prices={"a": [1.0] * 60 + [price] * 60})
        assert [share(panel, row) for row in (59, 70, 119)] == pytest.approx([0.5] * 3)
        assert not decided(panel).frozen
    # A figure that is wrong while the price stays is none.
    assert decided(panel_of({"a": [100.0] * 60 + [10_000.0] * 60, "b": [100.0] * DAYS})).frozen


def test_an_operator_accepts_a_supply() -> None:
    decision = {"asset": "a", "action": "accept_supply", "from": "2020-03-11", **SIGNED}
    values = [100.0] * 60 + [1000.0] * 40 + [10_000.0] * 20
    panel = panel_of({"a": values, "b": [100.0] * DAYS})
    sections = {"overrides": [decision]}
    # 11 March is day 70: the 1,000 reported then counts, the 10,000 of day 100 is another jump.
    assert [share(panel, row, **sections) for row in (69, 70, 99)] == pytest.approx([0.5, 10 / 11, 10 / 11])
    assert share(panel, 119, **sections) == pytest.approx(10 / 11)
    found = decided(panel.as_of(day(70)), **sections)
    assert found.overridden[0].startswith("supply accepted by decision of committee on 2020-03-01")
    second = {**decision, "from": "2020-04-12"}
    assert share(panel, 119, overrides=[decision, second]) == pytest.approx(100 / 101)
    with pytest.raises(MethodologyError, match="leave out `until`"):
        decided(panel, overrides=[{**decision, "until": "2020-05-01"}])


def test_the_limits_are_the_methodologys() -> None:
    panel = panel_of(jump(1.9))
    assert share(panel, guard={"supply_step": 1.95}) == pytest.approx(1.9 / 2.9)
    assert share(panel, guard={"supply_step": None}) == pytest.approx(1.9 / 2.9)
    assert share(panel, guard={"supply_step": None, "supply_change": 1.8}) == 0.5
    assert share(panel, guard={"supply_change": None}) == pytest.approx(1.9 / 2.9)


@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 79), min_size=1, max_size=6),
    locked=st.booleans(),
)
def test_what_is_believed_depends_on_the_view_alone(seed: int, cuts: list[int], locked: bool) -> None:
    generator = np.random.default_rng(seed)
    steps = np.where(generator.random((80, 3)) < 0.1, generator.choice([0.1, 0.6, 1.4, 1.6, 10.0], (80, 3)), 1.0)
    caps = (100.0 * np.cumprod(steps, axis=0)).astype(np.float64)
    caps[generator.random((80, 3)) < 0.1] = NAN
    times = day(0) + np.arange(80) * np.timedelta64(1, "D")
    fields = {"price": np.ones((80, 3)), "market_cap": caps, "supply": caps.copy()}
    for values in fields.values():
        values.flags.writeable = not locked
    shared = Panel(times, ("a", "b", "c"), fields)
    for row in cuts:
        alone = Panel(times[: row + 1], ("a", "b", "c"), {name: v[: row + 1].copy() for name, v in fields.items()})
        options: dict[str, Any] = {"guard": {"supply_window": "20d"}}
        try:
            expected = decided(alone, **options)
        except MethodologyError as error:
            with pytest.raises(MethodologyError, match=str(error)[:40].replace("(", "[(]")):
                decided(shared.as_of(day(row)), **options)
            continue
        found = decided(shared.as_of(day(row)), **options)
        np.testing.assert_array_equal(found.weights, expected.weights)
        assert found.frozen == expected.frozen


def test_a_price_far_above_its_median_is_refused_and_a_fall_is_believed() -> None:
    times = [START + timedelta(days=n) for n in range(10)]
    for last, refused in ((20.0, False), (20.1, True), (0.01, False)):
        price = pl.DataFrame({"time": times, "a": [1.0] * 9 + [last], "b": [1.0] * 10})
        found = decided(Panel.from_frames(price=price), select={"by": "price", "all": {}}, weight={"by": "equal"})
        assert (0 in found.refused) is refused
        assert (0 in found.columns) is not refused


def test_turnover_is_judged_by_the_capitalisation_that_is_believed() -> None:
    # Real volume and a supply a thousand times too high: 100 x 1.5e-6 is enough, 100,000 of it would not be.
    panel = panel_of(jump(1000.0), volume=1.5e-4)
    assert share(panel) == 0.5
    assert not decided(panel).refused
    # Too little for what is believed as well: refused, with that figure.
    panel = panel_of({**jump(1000.0), "c": [1e-6] * DAYS}, volume=5e-5)
    found = decided(panel)
    assert "median daily volume is 5e-07 of its capitalisation 100, below 1e-06" in found.refused[0]
    assert [panel.assets[column] for column in found.columns] == ["c"]


def test_an_asset_that_a_committee_includes_is_not_refused() -> None:
    panel = panel_of(jump(1.0), volume=5e-5)
    decision = {"asset": "a", "action": "include", "from": "2020-01-01", **SIGNED}
    found = decided(panel, overrides=[decision])
    assert [panel.assets[column] for column in found.columns] == ["a"]
