"""Keep reference prices in a folder: later ones are appended, earlier ones corrected only by the rule, with a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib

from basketry.core.digest import canonical_json
from basketry.core.errors import RecordError
from basketry.core.version import VERSION
from basketry.jobs.price_history import PriceHistory, Restating, go_on
from basketry.jobs.prices import ReferencePrices
from basketry.jobs.restate import Correction
from basketry.ledger.atomic import recover, write_folder
from basketry.ledger.folder import TIME_FORMAT
from basketry.ledger.lock import writing
from basketry.ledger.price_folder import (
    PriceFolder,
    fixing_bodies,
    price_files,
    read_price_folder,
    rules_body,
    rules_digest,
)
from basketry.ledger.record import chain
from basketry.reports.prices import price_page


@dataclass(frozen=True)
class PriceUpdate:
    """What a call of `save_prices` did to a folder.

    Attributes:
        folder: Where it is.
        added: Fixings appended.
        corrections: Prices that were corrected.
        kept: Prices that stand although they differ.
    """

    folder: Path
    added: int
    corrections: tuple[Correction, ...] = ()
    kept: tuple[Correction, ...] = ()


def save_prices(
    prices: ReferencePrices,
    folder: Path,
    *,
    restate: bool = False,
    reason: str = "",
    approver: str = "",
    now: datetime | None = None,
) -> PriceUpdate:
    """Write reference prices to a folder, or bring a folder up to date with them.

    Fixings that the folder does not hold are appended. A fixing whose price differs is left as it is unless `restate`
    is asked for; then it is corrected if its error is material by the rule `restate` of the price rules, and the
    record keeps both figures, the reason and the rule; what is not material stays, which the record says too. A price
    that was kept is not told again while the trades give what they gave then. Where nothing is new, nothing is written.

    Args:
        prices: Made from the lake.
        folder: A new folder, or one of prices with the same rules.
        restate: Correct what differs.
        reason: Why; required with `restate`.
        approver: Who answers for it; required with `restate`.
        now: The instant of the run, against which the rule's window counts; that of the machine's clock unless given.

    Raises:
        RecordError: The folder holds something else, contradicts its record, was made with other rules, is being
            written by somebody else, or differs and `restate` was not asked for; nothing is written.
    """
    with writing(folder):
        recover(folder)
        earlier = read_price_folder(folder) if (folder / "manifest.json").is_file() else None
        moment = (now or datetime.now(UTC)).astimezone(UTC)
        at = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if earlier is None:
            record = chain([("rules", rules_body(prices.rules, prices.simulated))], at=at)
            history = PriceHistory()
        else:
            _require_fit(earlier, prices, at)
            record, history = earlier.record, history_of(earlier)
        restating = Restating(reason, approver) if restate else None
        try:
            # By the clock of the record, which has whole seconds.
            step = go_on(history, prices, now=datetime.fromisoformat(at), software=VERSION, restating=restating)
        except RecordError as error:
            raise RecordError(f"{folder}: {error}") from error
        if step.lines:
            whole = ReferencePrices(prices.rules, step.history.fixings, prices.simulated, prices.known_by)
            page = price_page(whole.rules, whole.fixings, whole.simulated)
            facts = {**price_facts(whole), "matplotlib": matplotlib.__version__}
            record = chain(step.lines, after=record, at=at)
            write_folder(folder, price_files(whole.fixings, whole.rules, record, page, facts))
        return PriceUpdate(folder, step.added, step.restated, step.kept)


def history_of(folder: PriceFolder) -> PriceHistory:
    """Return the history that a folder holds."""
    return PriceHistory(folder.fixings, folder.told.settled, folder.told.known_by)


def _require_fit(earlier: PriceFolder, prices: ReferencePrices, at: str) -> None:
    if earlier.digest != rules_digest(prices.rules):
        raise RecordError(f"{earlier.path}: was made with other rules (rules.yaml); choose another --out")
    if earlier.simulated != prices.simulated:
        raise RecordError(f"{earlier.path}: simulated and real prices do not mix; choose another --out")
    fault = price_contradiction(earlier)
    if fault is not None:
        raise RecordError(
            f"{earlier.path}: {fault}; the folder was altered after it was written. Restore it from a copy: nothing is "
            "written on top of it"
        )
    last = earlier.record[-1].at
    if last is not None and last > at:
        raise RecordError(f"{earlier.path}: its last line was written at {last}, after {at}, the instant of this one")


def price_contradiction(folder: PriceFolder) -> str | None:
    """Return where rules, tables and manifest of a folder say otherwise than its record; None where nowhere."""
    told = folder.told
    if canonical_json(told.head) != canonical_json(rules_body(folder.rules, folder.simulated)):
        return "the rules and the manifest are not those with which the record begins"
    tables: dict[tuple[str, str], list[Any]] = {}
    for _, body in fixing_bodies(folder.fixings.table):
        tables |= {(body["time"], asset): values for asset, values in body["prices"].items()}
    if len(tables) != folder.fixings.table.height:
        return "fixings.parquet has a fixing twice"
    for key in {**told.standing, **tables}:
        said, held = told.standing.get(key), tables.get(key)
        # Of what format 1 corrected the record says the price alone.
        if said is None or held is None or canonical_json(list(said)) != canonical_json(held[: len(said)]):
            time, asset = key
            return f"{asset} at {time} is {held} in fixings.parquet, and {said} in the record"
    facts = price_facts(ReferencePrices(folder.rules, folder.fixings, folder.simulated))
    for name, value in facts.items():
        if name != "basketry" and canonical_json(folder.manifest.get(name)) != canonical_json(value):
            return f"manifest.json says {name} {folder.manifest.get(name)}, and the tables {value}"
    return None


def price_facts(prices: ReferencePrices) -> dict[str, Any]:
    """Return what the manifest of a folder says of prices."""
    table = prices.fixings.table
    times = table["time"].sort().dt.strftime(TIME_FORMAT)
    counts = table["status"].value_counts().sort("status")
    return {
        "basketry": VERSION,
        "simulated_market": prices.simulated,
        "rules": rules_digest(prices.rules),
        "currency": prices.rules.currency,
        "assets": table["asset"].unique().sort().to_list(),
        "from": times[0] if len(times) else None,
        "to": times[-1] if len(times) else None,
        "fixings": table.height,
        "statuses": {str(status): count for status, count in counts.iter_rows()},
    }
