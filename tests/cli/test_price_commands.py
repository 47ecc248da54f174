"""The commands `basketry price ...` and the import of ticks as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.core.errors import BasketryError
from basketry.jobs.verify import verify
from basketry.lake.lake import Lake
from basketry.ledger.price_folder import read_price_folder

RUNNER = CliRunner()
ASSET = "sim-aurum"


def run(*words: str | Path) -> str:
    """Run a command in this process and return what it prints."""
    result = RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def told(*words: str | Path) -> Any:
    """Return what a command says to programs."""
    return json.loads(run(*words, "--json"))


def fails(*words: str | Path) -> str:
    """Run a command that raises an error of the user, and return its message."""
    with pytest.raises(BasketryError) as caught:
        RUNNER.invoke(app, [str(word) for word in words], catch_exceptions=False)
    return str(caught.value)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with 25 hours of simulated venues with books of ten levels, from a midnight on."""
    path = tmp_path_factory.mktemp("prices") / "LAKE"
    run("data", "simulate", "--lake", path)
    said = run("data", "simulate", "--lake", path, "--venues", "--hours", "25")
    assert "5 venues" in said
    assert "SIMULATED" in said
    return path


def test_the_rates_are_listed() -> None:
    known = told("price", "rates")
    assert len(known) >= 17
    assert all(entry["words"] and entry["formula"] and entry["source"] for entry in known.values())
    assert "capped_median" in run("price", "rates")


def test_run_prints_and_keeps_fixings_and_extends_the_folder(lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "PRICES"
    words = ("price", "run", ASSET, "--lake", lake, "--start", "2024-12-01", "--out", out)
    first = told(*words, "--end", "2024-12-01T06:00")
    assert len(first["fixings"]) == 6
    assert {row["status"] for row in first["fixings"]} == {"live"}
    assert first["simulated_market"] is True
    said = run(*words, "--end", "2024-12-01T08:00")
    assert "2 fixings added" in said
    assert "SIMULATED" in said
    folder = read_price_folder(out)
    assert folder.fixings.table.height == 8
    assert (out / "prices.html").read_text().count("<svg") >= 1
    assert "https://" not in (out / "prices.html").read_text()
    # Other rules do not mix with these.
    assert "other rules" in fails(*words, "--end", "2024-12-01T08:00", "--rate", "vwap")


def test_a_late_correction_is_refused_then_restated_with_a_trace(lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "PRICES"
    words = ("price", "run", ASSET, "--lake", lake, "--start", "2024-12-01T10:00", "--end", "2024-12-01T12:00")
    run(*words, "--out", out)
    held = Lake(lake)
    before = read_price_folder(out).fixings.table
    markets = [market for market in held.ticks.held("trades") if market.base == ASSET and market.quote == "usd"]
    # Three venues report an hour again, 5% dearer.
    for market in markets[:3]:
        rows = held.ticks.read("trades", market)
        late = rows.filter((pl.col("time").dt.hour() == 11) & (pl.col("time").dt.day() == 1))
        again = late.with_columns(
            price=pl.col("price") * 1.05, known_at=pl.datetime(2024, 12, 2, 3, time_zone="UTC").cast(late["time"].dtype)
        )
        held.ticks.write("trades", market, again)
    message = fails(*words, "--out", out)
    assert "1 prices differ" in message
    assert read_price_folder(out).fixings.table.equals(before)
    assert "needs a reason" in fails(*words, "--out", out, "--restate")
    # What was known on the evening of the first day still gives the first price.
    known = told(*words, "--known-by", "2024-12-01T20:00")["fixings"]
    assert [row["price"] for row in known] == before["price"].to_list()
    why = ("--restate", "--reason", "three venues corrected an hour", "--approver", "Ann")
    said = run(*words, "--out", out, *why)
    # The rule restates within a day of the fixing; this is long after, so that it is kept, with a trace.
    assert "kept" in said
    entry = next(entry for entry in read_price_folder(out).record if entry.kind == "restatement")
    assert entry.body["kept"]["prices"] == 1
    assert (entry.body["reason"], entry.body["approver"]) == ("three venues corrected an hour", "Ann")
    # It is proved from the trades as they were known, and not told again.
    assert "verified" in run("price", "verify", out, "--lake", lake)
    assert "0 fixings added" in run(*words, "--out", out)
    (out / "prices.html").write_text("<p>")
    result = RUNNER.invoke(app, ["price", "verify", str(out), "--lake", str(lake), "--json"])
    assert result.exit_code == 1
    assert "prices.html is not the file" in json.loads(result.output)["checks"][0]["found"]


def test_explain_shows_every_venue_and_what_was_left_out(lake: Path) -> None:
    said = run("price", "explain", ASSET, "2024-12-01T06:00", "--lake", lake, "--parts")
    assert all(f"sim-{name}" in said for name in ("alder", "birch", "cedar", "dogwood", "elder"))
    assert "usdt" in said
    explained = told("price", "explain", ASSET, "2024-12-01T06:00", "--lake", lake)
    assert explained["fixing"]["venues"] == 5
    assert sum(row["venue_weight"] for row in explained["sources"]) > 0.99
    # Without trades it says why there is no price.
    assert "0 of at least 3 venues" in run("price", "explain", ASSET, "2031-01-01", "--lake", lake)


def test_compare_writes_a_table_and_a_picture(lake: Path, tmp_path: Path) -> None:
    words = ("price", "compare", ASSET, "--lake", lake, "--start", "2024-12-01", "--end", "2024-12-01T05:00")
    chosen = ("--rate", "vwap", "--rate", "venue_median")
    run(*words, *chosen, "--csv", tmp_path / "rates.csv", "--plot", tmp_path / "rates.png")
    table = pl.read_csv(tmp_path / "rates.csv")
    assert table.columns == ["time", "vwap", "venue_median", "capped_median"]
    assert table.height == 5
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
    assert "a plot is a .png" in fails(*words, *chosen, "--plot", tmp_path / "rates.txt")


def test_attack_says_what_moves_a_fixing(lake: Path) -> None:
    found = told("price", "attack", ASSET, "--lake", lake, "--at", "2024-12-01T06:00", "--move", "50", "--move", "100")
    (cost,) = found["costs"]
    assert [move["move_bp"] for move in cost["moves"]] == [50, 100]
    assert 0 < cost["moves"][0]["cost"] < cost["moves"][1]["cost"]
    assert cost["survives"] == 1
    said = run("price", "attack", ASSET, "--lake", lake, "--at", "2024-12-01T06:00", "--move", "50")
    assert "corrupt groups of venues cannot move it" in said
    assert "a cheaper one may exist" in said
    table = told("price", "attack", ASSET, "--lake", lake, "--at", "2024-12-01T02:00", "--scenarios")[ASSET]
    assert {row["rate"] for row in table} >= {"capped_median", "vwap", "last"}


def test_venues_are_vetted_and_their_vetted_volume_is_kept_as_a_metric(lake: Path) -> None:
    scores = told("price", "venues", ASSET, "--lake", lake, "--end", "2024-12-02")["scores"]
    assert {row["venue"] for row in scores} == {f"sim-{n}" for n in ("alder", "birch", "cedar", "dogwood", "elder")}
    assert all(row["verdict"] == "accepted" for row in scores)
    assert "benford" in run("price", "venues", ASSET, "--lake", lake, "--end", "2024-12-02", "--tests")
    assert "1 figures" in run("price", "venues", ASSET, "--lake", lake, "--write")
    metric = Lake(lake).read("metrics").filter(pl.col("metric") == "vetted_volume")
    assert metric["asset"].to_list() == [ASSET]
    assert metric["known_at"].to_list() == metric["time"].to_list()


def test_what_venues_traded_is_kept_as_metrics(lake: Path) -> None:
    # Five venues, some against more than one currency, on one whole day.
    assert "12 figures of volume@VENUE/QUOTE" in run("price", "volumes", ASSET, "--lake", lake)
    said = told("price", "volumes", ASSET, "--lake", lake, "--end", "2024-12-02")
    assert (said["rows"], said["simulated_market"]) == (12, True)
    metrics = Lake(lake).read("metrics")["metric"].unique().to_list()
    assert "volume@sim-alder/usd" in metrics


def test_an_index_from_reference_prices_says_in_its_factsheet_what_moves_it(tmp_path: Path) -> None:
    path = tmp_path / "LAKE"
    run("data", "simulate", "--lake", path)
    run(
        "data",
        "simulate",
        "--lake",
        path,
        "--venues",
        "--asset",
        "sim-aurum",
        "--asset",
        "sim-argentum",
        "--start",
        "2024-12-01T20:00",
        "--hours",
        "5",
    )
    rules = tmp_path / "two.yaml"
    rules.write_text(
        """
basketry: 1
name: Two
symbol: TWO
base: {date: 2024-12-02, level: 100}
currency: USD
select: {by: market_cap, top: 2}
weight: {by: market_cap}
rebalance: {every: month, determine: 0d}
prices: {rate: {vwap: {window: 6m}}, min_venues: 3}
"""
    )
    run("index", "run", rules, "--lake", path, "--out", tmp_path / "TWO")
    page = (tmp_path / "TWO" / "factsheet.html").read_text()
    assert "Cost to move it by 1%" in page
    assert "Corrupt venues survived" in page
    assert verify(tmp_path / "TWO", Lake(path)).passed
    said = told("price", "attack", "--lake", path, "--index", tmp_path / "TWO")
    assert said["move"]["cost"] > 0
    assert set(said["move"]["assets"]) <= {"sim-aurum", "sim-argentum"}
    nearer = told("price", "attack", "--lake", path, "--index", tmp_path / "TWO", "--move", "20")
    assert nearer["move"]["move_bp"] == 20
    assert 0 < nearer["move"]["cost"] < said["move"]["cost"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "sim-aurun"), "did you mean 'sim-aurum'"),
        (("run", ASSET, "--rate", "capped_medial"), "did you mean 'capped_median'"),
        (("run", ASSET, "--at", "16:00"), "one fixing a day"),
        (("run", ASSET, "--every", "0s"), "not possible"),
        (("attack", ASSET, "--move", "-1"), "above 0"),
        (("attack", ASSET, "--fee", "-1"), "--fee: -1"),
        (("attack", ASSET, "--refill", "0s"), "--refill"),
        (("attack", ASSET, "--index", "INDEX"), "give only --move"),
        (("attack", ASSET, "--at", "2031-01-01"), "too few venues"),
        (("venues", ASSET, "--start", "2031-01-01", "--end", "2031-01-02"), "no trades"),
        (("venues", ASSET, "--trusted", "sim-aldr"), "sim-alder"),
    ],
)
def test_errors_name_what_and_what_to_do(lake: Path, words: tuple[str, ...], message: str) -> None:
    assert message in fails("price", *words, "--lake", lake)


def test_a_lake_without_trades_says_how_to_get_some(tmp_path: Path) -> None:
    run("data", "simulate", "--lake", tmp_path / "LAKE")
    assert "data simulate --venues" in fails("price", "run", "--lake", tmp_path / "LAKE")


# The import of ticks.

AGG = "26129,42000.5,0.5,1,1,1704067200000,true,true\n26130,42001.5,0.25,2,2,1704067201000,false,true\n"


def dump(folder: Path, content: str, name: str = "BTCUSDT-aggTrades-2024-01-01.csv") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(content)
    return path


def test_a_dump_becomes_trades_of_a_market_and_twice_is_once(tmp_path: Path) -> None:
    path, lake = dump(tmp_path, AGG), tmp_path / "LAKE"
    words = ("data", "import", path, "--lake", lake, "--preset", "binance-aggtrades")
    done = told(*words)
    assert (done["rows"], done["kept"], done["days"], len(done["parts"])) == (2, 2, 1, 1)
    assert told(*words)["parts"] == []
    (market,) = Lake(lake).ticks.held("trades")
    assert (market.venue, market.pair, market.base, market.quote) == ("binance", "btc-usdt", "btc", "usdt")
    trades = Lake(lake).ticks.read("trades", market)
    assert trades["side"].to_list() == ["sell", "buy"]
    assert trades["size"].to_list() == [50_000_000, 25_000_000]


def test_bad_rows_are_counted_with_their_lines_and_too_many_leave_nothing(tmp_path: Path) -> None:
    path, lake = dump(tmp_path, AGG + "26131,-1,0.5,3,3,1704067202000,true,true\n"), tmp_path / "LAKE"
    words = ("data", "import", path, "--lake", lake, "--preset", "binance-aggtrades")
    message = fails(*words)
    assert "1 of 3 rows are bad" in message
    assert "line 3" in message
    assert not lake.exists()
    said = run(*words, "--max-bad", "0.5")
    assert "2 of 3 rows" in said
    assert "line 3" in said


def test_one_bad_file_of_two_leaves_the_lake_as_it_was(tmp_path: Path) -> None:
    good = dump(tmp_path, AGG)
    bad = dump(tmp_path, "not,a,dump\n", "BTCUSDT-aggTrades-2024-01-02.csv")
    lake = tmp_path / "LAKE"
    fails("data", "import", good, bad, "--lake", lake, "--preset", "binance-aggtrades")
    assert not lake.exists()


def test_the_market_that_a_file_does_not_name_is_asked_for(tmp_path: Path) -> None:
    csv = dump(tmp_path, "time,price,size,side\n2024-01-01T00:00:00Z,100.0,1.5,buy\n", "mine.csv")
    lake = tmp_path / "LAKE"
    words = ("data", "import", csv, "--lake", lake, "--table", "trades")
    assert "--venue" in fails(*words)
    assert "--pair" in fails(*words, "--venue", "mine")
    assert "base and quote" in fails(*words, "--venue", "mine", "--pair", "btc")
    run(*words, "--venue", "mine", "--pair", "btc-usd", "--group", "owner")
    assert [market.group for market in Lake(lake).ticks.held("trades")] == ["owner"]
    # On other terms it is another market.
    assert "--size-decimals" in fails(*words, "--venue", "mine", "--pair", "btc-usd", "--size-decimals", "6")
    assert "hold trades, not quotes" in fails(*words[:-1], "quotes", "--preset", "binance-trades")
    assert "not a number" in fails(*words, "--venue", "mine", "--pair", "btc-usd", "--contract-value", "ten")
    assert "did you mean 'perpetual'" in fails(*words, "--venue", "x", "--pair", "btc-usd", "--kind", "perpetua")


def test_attack_takes_the_instant_that_was_asked_for(lake: Path) -> None:
    said = told("price", "attack", ASSET, "--lake", lake, "--at", "2024-12-01T20:30", "--move", "50")
    span = ("--every", "30m", "--start", "2024-12-01T20:00", "--end", "2024-12-01T20:30")
    (row,) = told("price", "run", ASSET, "--lake", lake, *span)["fixings"]
    assert said["costs"][0]["price"] == pytest.approx(row["price"], rel=1e-6)


def test_an_asset_named_twice_is_priced_once(lake: Path) -> None:
    assert len(told("price", "run", ASSET, ASSET, "--lake", lake, "--start", "2024-12-02")["fixings"]) == 1


def test_what_cannot_be_written_is_said(lake: Path, tmp_path: Path) -> None:
    words = ("price", "compare", ASSET, "--lake", lake, "--start", "2024-12-02", "--rate", "vwap")
    (tmp_path / "nowhere").write_text("no folder")
    assert "cannot be written" in fails(*words, "--csv", tmp_path / "nowhere" / "rates.csv")
    assert "cannot be written" in fails(*words, "--plot", tmp_path / "nowhere" / "rates.png")


@pytest.mark.parametrize(("text", "message"), [("prices: vwap", "prices: expected keys"), ("rates: vwap", "'rate'")])
def test_a_rule_file_that_is_none_says_what_is_expected(lake: Path, tmp_path: Path, text: str, message: str) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(text)
    assert message in fails("price", "run", "--lake", lake, "--rules", rules)
    rules.write_text("basketry: 1\nprices: {}\n")
    assert told("price", "run", ASSET, "--lake", lake, "--rules", rules, "--start", "2024-12-02")["fixings"]


def test_wrong_ids_leave_no_venue_behind(tmp_path: Path) -> None:
    dump = tmp_path / "trades.csv"
    dump.write_text("time,price,size\n2025-01-01T00:00:00Z,100,1\n")
    words = ("data", "import", dump, "--lake", tmp_path / "LAKE", "--table", "trades")
    assert "is not an id" in fails(*words, "--venue", "Kraken", "--pair", "btc-usd")
    assert "is not an id" in fails(*words, "--venue", "kraken", "--pair", "BTC-USD")
    assert Lake(tmp_path / "LAKE").read("venues").is_empty()


def test_vetting_day_by_day_passes_over_days_without_trades(tmp_path: Path) -> None:
    lake = tmp_path / "LAKE"
    for venue in ("alpha", "beta"):
        dump = tmp_path / f"{venue}.csv"
        minutes = (
            f"2025-01-0{day}T{n // 60:02d}:{n % 60:02d}:00Z,{100 + n % 7},1" for day in (1, 3) for n in range(1440)
        )
        dump.write_text("\n".join(["time,price,size", *minutes]) + "\n")
        run("data", "import", dump, "--lake", lake, "--table", "trades", "--venue", venue, "--pair", "btc-usd")
    run("price", "venues", "--lake", lake, "--write")
    held = Lake(lake).read("metrics").filter(pl.col("metric") == "vetted_volume")
    assert [time.day for time in held["time"]] == [2, 4]
