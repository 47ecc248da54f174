"""The commands `basketry track ...` as a user meets them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from basketry.cli.main import app
from basketry.core.errors import BasketryError
from basketry.jobs.save_track import verify_track
from basketry.jobs.track import load_terms
from basketry.jobs.track_orders import _basket_prices
from basketry.lake.lake import Lake
from basketry.ledger.manifest import with_manifest
from basketry.ledger.track_folder import FORM, read_track_folder, track_files
from basketry.methodology.path import Segment

RUNNER = CliRunner()
SPAN = ("--start", "2021-01-01", "--end", "2022-01-01")


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
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A simulated lake and an index of it from 2019 to 2021."""
    folder = tmp_path_factory.mktemp("track")
    run("data", "simulate", "--lake", folder / "LAKE")
    run("index", "new", folder / "lc.yaml", "--example", "large-cap-20")
    dates = ("--start", "2019-01-01", "--end", "2022-01-01")
    run("index", "run", folder / "lc.yaml", "--lake", folder / "LAKE", "--out", folder / "LC", *dates)
    return folder / "LC", folder / "LAKE"


def test_policies_and_samplers_are_listed() -> None:
    said = told("track", "policies")
    assert {"calendar", "bands", "tracking_error_budget", "cost_aware", "in_kind", "flow_driven", "auction"} <= set(
        said
    )
    assert {"least_squares", "elimination", "concave", "stratified", "largest", "exact"} <= set(said)
    assert all(entry["summary"] for entry in said.values())


def test_a_run_is_kept_in_a_folder_that_verifies_and_tells_when_it_was_altered(
    market: tuple[Path, Path], tmp_path: Path
) -> None:
    index, lake = market
    out = tmp_path / "TRACK"
    words = ("track", "run", index, "--lake", lake, "--policy", "bands: {relative: 0.1}", "--fee", "0.005", *SPAN)
    said = told(*words, "--out", out)
    parts = {row["part"]: row["yearly"] for row in said["attribution"]}
    whole = parts.pop("whole")
    assert sum(parts.values()) == pytest.approx(whole, abs=1e-15)
    assert parts["fees"] == pytest.approx(-0.005, rel=0.05)
    assert said["terms"]["policy"] == {"bands": 0.1}
    page = (out / "report.html").read_text()
    assert "Where the difference comes from" in page
    assert "https://" not in page
    verify = ("track", "verify", out, "--index", index, "--lake", lake)
    assert told(*verify)["passed"]
    assert "SIMULATED" in run(*words)
    # A level that is changed, with its digest made to fit, is found by recomputing.
    held = read_track_folder(out)
    levels = held.tables["levels"].with_columns(pl.col("level") * 1.0001)
    tables = {**held.tables, "levels": levels}
    kept = {key: value for key, value in held.manifest.items() if key not in ("format", "kind", "files")}
    for name, content in with_manifest(track_files(tables, held.terms, page), FORM, kept).items():
        (out / name).write_bytes(content)
    result = RUNNER.invoke(app, [str(word) for word in verify])
    assert result.exit_code == 1
    assert "levels.parquet differs" in result.output
    # One whose bytes are changed is found at once.
    (out / "orders.parquet").write_bytes(b"PAR1")
    assert "the folder was altered" in RUNNER.invoke(app, [str(word) for word in verify]).output


@pytest.fixture(scope="module")
def followed(market: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("followed") / "TRACK"
    run("track", "run", market[0], "--lake", market[1], *SPAN, "--out", out)
    return out


def altered(whole: Path, folder: Path, edit: Callable[[dict[str, Any]], Any]) -> Path:
    """Return a copy of a folder with another manifest."""
    shutil.copytree(whole, folder)
    said = json.loads((folder / "manifest.json").read_text())
    edit(said)
    (folder / "manifest.json").write_text(json.dumps(said))
    return folder


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda said: said.update(files={}), "manifest.json does not name levels.parquet"),
        (lambda said: said.update(files=[]), "names no files with their SHA-256"),
        (lambda said: said.pop("files"), "names no files with their SHA-256"),
        (lambda said: said["files"].pop("report.html"), "manifest.json does not name report.html"),
        (lambda said: said["files"].update({"../LC/record.jsonl": "0" * 64}), "which is not a file of the folder"),
        (lambda said: said["files"].update({"/etc/hostname": "0" * 64}), "which is not a file of the folder"),
        (lambda said: said["files"].update({"gone": "0" * 64}), "gone: No such file or directory"),
        (lambda said: said["files"].update({"track.yaml": "0" * 64}), "track.yaml is not the file"),
        (lambda said: said.update(index={"symbol": "LC20"}), "index.methodology: Field required"),
        (lambda said: said["index"].update(inputs=5), "index.inputs: Input should be a valid string"),
        (lambda said: said.update(kind="vault"), "its kind is 'vault'"),
        (lambda said: said.update(format=True), "format True is not one of 1"),
        (lambda said: said.update(format=[[]] * 99), "is not one of 1"),
    ],
)
def test_a_manifest_that_was_altered_fails(
    market: tuple[Path, Path], followed: Path, tmp_path: Path, edit: Callable[[dict[str, Any]], Any], words: str
) -> None:
    folder = altered(followed, tmp_path / "T", edit)
    found = verify_track(folder, market[0], Lake(market[1]))
    assert not found.passed
    assert words in str(found.first_failure)


def test_figures_and_a_page_that_were_altered_fail(market: tuple[Path, Path], followed: Path, tmp_path: Path) -> None:
    page = (followed / "report.html").read_text().replace("Where the difference", "Whence the difference").encode()

    def edit(said: dict[str, Any]) -> None:
        said["figures"]["cost"] = 0.0
        said["files"]["report.html"] = sha256(page).hexdigest()

    folder = altered(followed, tmp_path / "T", edit)
    (folder / "report.html").write_bytes(page)
    checks = {check.name: check for check in verify_track(folder, market[0], Lake(market[1])).checks}
    assert {name for name, check in checks.items() if not check.passed} == {"manifest", "report.html"}
    assert "figures: says" in checks["manifest"].found


def test_what_a_run_makes_is_written_over_its_own_kind_alone(
    market: tuple[Path, Path], followed: Path, tmp_path: Path
) -> None:
    index, lake = tmp_path / "LC", market[1]
    shutil.copytree(market[0], index)
    words = ("--lake", lake, "--start", "2021-01-01", "--end", "2021-02-01", "--out")
    for command in ("run", "frontier", "vault"):
        assert "not the manifest of" in fails("track", command, market[0], *words, index)
    assert {path.name: path.read_bytes() for path in index.iterdir()} == {
        path.name: path.read_bytes() for path in market[0].iterdir()
    }
    folder = altered(followed, tmp_path / "T", lambda said: said.update(files={}))
    assert "the folder was altered" in fails("track", "run", market[0], *words, folder)
    run("track", "vault", market[0], *words, tmp_path / "V")
    run("track", "vault", market[0], *words, tmp_path / "V")


def test_terms_come_from_a_file_and_options_go_before_it(market: tuple[Path, Path], tmp_path: Path) -> None:
    index, lake = market
    terms = tmp_path / "track.yaml"
    terms.write_text("policy: {calendar: 7d}\nvenues: {half_spread: 0.001, gas: 5}\nvalue: 5000000\n")
    said = told("track", "run", index, "--lake", lake, "--policy", terms, "--value", "1000000", *SPAN)
    assert said["terms"]["venues"]["gas"] == 5
    assert said["terms"]["value"] == 1_000_000
    figures = {row["figure"]: row["value"] for row in said["figures"]}
    free = told("track", "run", index, "--lake", lake, "--policy", "calendar: 7d", "--value", "1000000", *SPAN)
    assert figures["cost"] > {row["figure"]: row["value"] for row in free["figures"]}["cost"]


def test_the_frontier_says_which_policy_to_use_and_why(market: tuple[Path, Path], tmp_path: Path) -> None:
    index, lake = market
    said = told("track", "frontier", index, "--lake", lake, *SPAN, "--out", tmp_path / "F")
    families = {row["policy"] for row in said["policies"]}
    assert len(families) >= 6
    assert len(said["policies"]) >= 30
    assert sum(row["recommended"] for row in said["policies"]) == 1
    assert said["reason"].startswith("Use ")
    assert "<svg" in (tmp_path / "F" / "frontier.html").read_text()
    assert pl.read_parquet(tmp_path / "F" / "frontier.parquet").height == len(said["policies"])
    within = told("track", "frontier", index, "--lake", lake, *SPAN, "--budget", "0.02")
    (best,) = [row for row in within["policies"] if row["recommended"]]
    assert best["tracking_error"] <= 0.02
    assert "use this" in run("track", "frontier", index, "--lake", lake, *SPAN)


def test_a_sample_holds_few_assets_and_is_tested_out_of_sample(market: tuple[Path, Path], tmp_path: Path) -> None:
    index, lake = market
    words = ("track", "sample", index, "--lake", lake, "-k", "5", "--window", "180")
    said = told(*words, "--csv", tmp_path / "s.csv")
    assert len(said["weights"]) <= 5
    assert sum(row["weight"] for row in said["weights"]) == pytest.approx(1)
    assert 0 < said["out_of_sample"]["tracking_error"] < 0.5
    assert pl.read_csv(tmp_path / "s.csv").height == len(said["weights"])
    assert "out of sample" in run(*words, "--method", "largest")
    assert "not tested" in run(*words[:-1], "5000")
    assert "did you mean 'elimination'" in fails(*words, "--method", "eliminaton")


def test_orders_bring_a_portfolio_to_the_index(market: tuple[Path, Path], tmp_path: Path) -> None:
    index, lake = market
    holdings = tmp_path / "h.csv"
    holdings.write_text("asset,quantity,lot\nsim-aurum,2,0.01\ncash,100000,\n")
    words = ("track", "orders", holdings, "--index", index, "--lake", lake)
    answer = told(*words, "--csv", tmp_path / "o.csv")
    rows = answer["orders"]
    assert sum(row["weight_index"] for row in rows) == pytest.approx(1)
    sales = sum(row["amount"] for row in rows if row["side"] == "sell")
    bought = sum(row["amount"] for row in rows if row["side"] == "buy")
    costs = sum(row["cost"] for row in rows)
    assert bought + costs <= 100_000 + sales + 1e-6
    assert bought + costs > 0.99 * (100_000 + sales)
    left = 100_000 + sales - bought - costs
    assert answer["cash"] == pytest.approx({"before": 100_000, "after": left, "weight_index": 0.0}, abs=1e-6)
    assert f"cash 100,000.00 before, {left:,.2f} after" in run(*words)
    assert pl.read_csv(tmp_path / "o.csv").height == len(rows)
    assert "expected costs" in run(*words)
    holdings.write_text("asset,quantity\nsim-arum,2\n")
    assert "'sim-arum' has no price" in fails(*words)
    holdings.write_text("asset,quantity\nsim-aurum,two\n")
    assert "line 2" in fails(*words)
    holdings.write_text("asset,amount\nsim-aurum,2\n")
    assert "no column 'quantity'" in fails(*words)


def test_a_vault_keeps_exact_books_and_refuses_what_it_must(market: tuple[Path, Path], tmp_path: Path) -> None:
    index, lake = market
    flows = tmp_path / "flows.csv"
    flows.write_text(
        "time,holder,side,form,amount\n2021-03-01,anna,create,cash,10000\n2021-04-01,anna,redeem,cash,1000\n"
        "2021-04-02,bert,redeem,cash,5\n"
    )
    words = ("track", "vault", index, "--lake", lake, "--start", "2021-01-01", "--end", "2021-07-01", "--flows", flows)
    said = told(*words, "--out", tmp_path / "V")
    outcomes = sorted((row["holder"], row["side"], row["outcome"]) for row in said["orders"])
    assert outcomes == [("anna", "create", "executed"), ("anna", "redeem", "executed"), ("bert", "redeem", "refused")]
    postings = pl.read_parquet(tmp_path / "V" / "postings.parquet")
    sums = postings.group_by("entry", "asset").agg(pl.col("amount").cast(pl.Int128).sum())
    assert (sums["amount"] == 0).all()
    assert said["last"]["nav_per_share"] == pytest.approx(said["index"], rel=0.05)
    assert "balanced to the unit" in run(*words)
    flows.write_text("time,who\n2021-03-01,anna\n")
    assert "its columns are time, holder, side, form, amount" in fails(*words)
    flows.write_text("time,holder,side,form,amount\n2021-03-01,anna,create,cash,-5\n")
    assert "must be positive" in fails(*words)
    flows.write_text("time,holder,side,form,amount\n2031-03-01,anna,create,cash,5\n")
    assert told(*words)["left_out"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--policy", "band: 0.1"), "did you mean 'bands'"),
        (("run", "--policy", "bands: {relativ: 0.1}"), "relativ"),
        (("run", "--value", "-5"), "greater than 0"),
        (("run", "--fee", "1.5"), "less than 1"),
        (("run", "--start", "2031-01-01"), "2031"),
        (("run", "--start", "2021-05-01", "--end", "2021-01-01"), "not after"),
        (("run", "--venues", "missing.yaml"), "cannot be read"),
        (("frontier", "--start", "2021-01-01", "--end", "2021-01-02"), "at least three instants"),
        (("vault", "--fee", "much"), "not a number"),
        (("vault", "--fee", "-1"), "at least 0"),
        (("vault", "--fee", "nan"), "at least 0"),
        (("vault", "--value", "nan"), "positive amount"),
        (("run", "--column", "totl_return"), "did you mean 'total_return'"),
    ],
)
def test_errors_name_what_and_what_to_do(market: tuple[Path, Path], words: tuple[str, ...], message: str) -> None:
    index, lake = market
    assert message in fails("track", words[0], index, "--lake", lake, *words[1:])


def test_what_is_no_index_is_refused(market: tuple[Path, Path], tmp_path: Path) -> None:
    assert "there is no such folder" in fails("track", "run", tmp_path / "NO", "--lake", market[1])


def test_a_leveraged_index_is_not_followed_as_if_it_were_its_basket(market: tuple[Path, Path], tmp_path: Path) -> None:
    _, lake = market
    run("index", "new", tmp_path / "inv.yaml", "--example", "large-cap-20-inverse")
    dates = ("--start", "2021-01-01", "--end", "2022-01-01")
    index = tmp_path / "INV"
    run("index", "run", tmp_path / "inv.yaml", "--lake", lake, "--out", index, *dates)
    holdings = tmp_path / "h.csv"
    holdings.write_text("asset,quantity\ncash,100000\n")
    assert "cannot follow inverse_1x" in fails("track", "run", index, "--lake", lake)
    assert "cannot follow inverse_1x" in fails("track", "run", index, "--lake", lake, "--column", "inverse_1x")
    assert "cannot follow inverse_1x" in fails("track", "orders", holdings, "--index", index, "--lake", lake)
    stated = ("--lake", lake, "--column", "price_return", "--out", tmp_path / "T")
    assert told("track", "run", index, *stated)["terms"]["column"] == "price_return"
    assert "verified" in run("track", "verify", tmp_path / "T", "--index", index, "--lake", lake)


def test_dates_of_a_file_of_terms_need_no_quotes(tmp_path: Path) -> None:
    file = tmp_path / "terms.yaml"
    file.write_text("start: 2021-01-01\nend: 2021-06-01\n")
    assert load_terms(str(file), None).document()["start"] == "2021-01-01"


def test_orders_are_at_the_prices_of_the_day_when_a_member_was_redenominated() -> None:
    days = np.arange("2024-01-01", "2024-01-07", dtype="datetime64[D]").astype("datetime64[us]")
    old, new = np.array([[1.0, 2.0]] * 4), np.array([[100.0, 2.0]] * 3)
    segments = (
        Segment(0, 3, np.array([0, 1]), np.array([2.0, 1.0]), old, 1.0),
        Segment(3, 5, np.array([0, 1]), np.array([0.02, 1.0]), new, 1.0),
    )
    panel = SimpleNamespace(assets=("a", "b"))
    index = SimpleNamespace(times=days, segments=segments, panel=panel)
    source = SimpleNamespace(index=index, target=SimpleNamespace(times=days))
    assert _basket_prices(source) == {"a": 100.0, "b": 2.0}  # type: ignore[arg-type]
