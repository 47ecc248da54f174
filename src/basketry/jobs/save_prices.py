"""Keep reference prices in a folder: later ones are appended, earlier ones corrected only by the rule, with a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from basketry.core.errors import RecordError
from basketry.core.version import VERSION
from basketry.jobs.prices import ReferencePrices
from basketry.ledger.atomic import recover, write_folder
from basketry.ledger.folder import TIME_FORMAT
from basketry.ledger.lock import writing
from basketry.ledger.price_folder import PriceFolder, fixing_bodies, price_files, read_price_folder, rules_digest
from basketry.ledger.record import Entry, chain
from basketry.reference.fixing import Fixings
from basketry.reports.prices import price_page

_KEY = ("time", "asset")


@dataclass(frozen=True)
class PriceChange:
    """A price in the folder that the trades now contradict.

    Attributes:
        time: Instant of the fixing. asset: Stable id.
        published: The price in the folder; None where it was suspended.
        recomputed: The price that the trades give now.
        restated: Whether the rule corrects it.
    """

    time: datetime
    asset: str
    published: float | None
    recomputed: float | None
    restated: bool

    @property
    def relative_error(self) -> float:
        """Recomputed over published, less one; infinite where one of them is missing."""
        if not self.published or not self.recomputed:
            return float("inf")
        return self.recomputed / self.published - 1


@dataclass(frozen=True)
class PriceUpdate:
    """What a call of `save_prices` did to a folder."""

    folder: Path
    added: int
    changes: tuple[PriceChange, ...]


def save_prices(
    prices: ReferencePrices, folder: Path, *, restate: bool = False, reason: str = "", now: datetime | None = None
) -> PriceUpdate:
    """Write reference prices to a folder, or bring a folder up to date with them.

    Fixings that the folder does not hold are appended. A fixing whose price differs is left as it is unless `restate`
    is asked for; then it is corrected if its error is material by the rule `restate` of the price rules, and the
    record keeps both figures, the reason and the rule; what is not material stays, which the record says too.

    Args:
        prices: Made from the lake.
        folder: A new folder, or one of prices with the same rules.
        restate: Correct what differs.
        reason: Why; required with `restate`.
        now: The instant of the correction, against which the rule's window counts.

    Raises:
        RecordError: The folder holds something else, was made with other rules, is being written by somebody else, or
            differs and `restate` was not asked for; nothing is written.
    """
    with writing(folder):
        recover(folder)
        return _saved(prices, folder, restate, reason, now)


def _saved(prices: ReferencePrices, folder: Path, restate: bool, reason: str, now: datetime | None) -> PriceUpdate:
    earlier = read_price_folder(folder) if (folder / "manifest.json").is_file() else None
    fresh = prices.fixings
    if earlier is None:
        record = chain([("rules", _rules_body(prices)), *fixing_bodies(fresh.table)])
        _write(prices, fresh, record, folder)
        return PriceUpdate(folder, fresh.table.height, ())
    _refuse_other_rules(earlier, prices)
    changes = _changes(earlier, prices, now)
    if changes and not restate:
        first = changes[0]
        raise RecordError(
            f"{folder}: {len(changes)} prices differ from what the trades give now, the first {first.asset} at "
            f"{first.time:%Y-%m-%d %H:%M:%S}: {first.published} -> {first.recomputed}; nothing was written. "
            "Correct them with --restate --reason TEXT, or restore the trades"
        )
    if changes and not reason.strip():
        raise RecordError("a restatement needs a reason: --reason TEXT")
    whole = _merged(earlier.fixings, fresh, [change for change in changes if change.restated])
    added = fresh.table.join(earlier.fixings.table, on=_KEY, how="anti", maintain_order="left")
    entries = [("restatement" if c.restated else "kept", _change_body(c, prices, reason)) for c in changes]
    record = chain([*entries, *fixing_bodies(added)], after=earlier.record)
    _write(prices, whole, record, folder)
    return PriceUpdate(folder, added.height, tuple(changes))


def _rules_body(prices: ReferencePrices) -> dict[str, Any]:
    return {
        "digest": rules_digest(prices.rules),
        "currency": prices.rules.currency,
        "rules": prices.rules.document(),
        "simulated": prices.simulated,
    }


def _refuse_other_rules(earlier: PriceFolder, prices: ReferencePrices) -> None:
    if earlier.digest != rules_digest(prices.rules):
        raise RecordError(f"{earlier.path}: was made with other rules (rules.yaml); choose another --out")
    if bool(earlier.manifest.get("simulated_market")) != prices.simulated:
        raise RecordError(f"{earlier.path}: simulated and real prices do not mix; choose another --out")


def _changes(earlier: PriceFolder, prices: ReferencePrices, now: datetime | None) -> list[PriceChange]:
    both = earlier.fixings.table.join(prices.fixings.table, on=_KEY, suffix="_now").filter(
        ~pl.col("price").eq_missing(pl.col("price_now"))
    )
    changes = []
    for row in both.sort(*_KEY).iter_rows(named=True):
        age = None if now is None else now - row["time"]
        change = PriceChange(row["time"], row["asset"], row["price"], row["price_now"], restated=False)
        restated = prices.rules.restate.applies(change.relative_error, age)
        changes.append(PriceChange(change.time, change.asset, change.published, change.recomputed, restated))
    return changes


def _merged(old: Fixings, new: Fixings, restated: list[PriceChange]) -> Fixings:
    """Return the old rows, those restated in their new form, and the new ones that the folder did not hold."""
    keys = pl.DataFrame(
        {"time": [c.time for c in restated], "asset": [c.asset for c in restated]},
        schema={name: old.table.schema[name] for name in _KEY},
    )
    kept = old.table.join(keys, on=_KEY, how="anti")
    fresh = new.table.join(kept, on=_KEY, how="anti").select(*_KEY)

    def pick(earlier: pl.DataFrame, later: pl.DataFrame, order: list[str]) -> pl.DataFrame:
        by = [name for name in _KEY if name in earlier.columns]
        mine = earlier.join(keys.select(by).unique(), on=by, how="anti") if "asset" in by else earlier
        theirs = later.join(fresh.select(by).unique(), on=by, how="semi")
        return pl.concat([mine, theirs]).unique(maintain_order=True).sort(order, maintain_order=True)

    return Fixings(
        pick(old.table, new.table, ["time", "asset"]),
        pick(old.sources, new.sources, ["time", "asset", "venue", "pair"]),
        pick(old.events, new.events, ["time", "asset"]),
        pick(old.conversions, new.conversions, ["time", "quote"]),
    )


def _change_body(change: PriceChange, prices: ReferencePrices, reason: str) -> dict[str, Any]:
    error = change.relative_error
    return {
        "time": change.time.strftime(TIME_FORMAT),
        "asset": change.asset,
        "published": change.published,
        "recomputed": change.recomputed,
        "relative_error": error if error != float("inf") else None,
        "reason": reason,
        "rule": prices.rules.restate.words(),
    }


def _write(prices: ReferencePrices, fixings: Fixings, record: list[Entry], folder: Path) -> None:
    whole = ReferencePrices(prices.rules, fixings, prices.simulated)
    table = fixings.table
    counts = table["status"].value_counts().sort("status")
    manifest = {
        "basketry": VERSION,
        "simulated_market": prices.simulated,
        "rules": rules_digest(prices.rules),
        "currency": prices.rules.currency,
        "assets": table["asset"].unique().sort().to_list(),
        "from": None if table.is_empty() else table["time"].min().strftime(TIME_FORMAT),  # type: ignore[union-attr]
        "to": None if table.is_empty() else table["time"].max().strftime(TIME_FORMAT),  # type: ignore[union-attr]
        "fixings": table.height,
        "statuses": {str(status): count for status, count in counts.iter_rows()},
    }
    write_folder(
        folder, price_files(fixings, prices.rules, record, price_page(whole.rules, fixings, whole.simulated), manifest)
    )
