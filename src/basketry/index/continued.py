"""An index gone on from what was kept of it: only what is new is calculated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from basketry.core.time import to_datetime
from basketry.index.account import Account
from basketry.index.calculate import Instant, index_history
from basketry.index.kept import Kept
from basketry.index.result import IndexResult
from basketry.index.state import NEVER, IndexState
from basketry.index.tables import level_table
from basketry.market.events import EventRow
from basketry.market.panel import Panel
from basketry.market.panel_digest import digest_known
from basketry.methodology.methodology import Methodology


@dataclass(frozen=True, eq=False)
class Continued:
    """An index with what is new of it.

    Attributes:
        whole: All of it. Of what it went through, it knows what was held, and the rest since it goes on.
        fresh: What is new, None for nothing; of levels, all those of the day on which it goes on.
    """

    whole: IndexResult
    fresh: IndexResult | None


def continued(
    kept: Kept,
    methodology: Methodology,
    panel: Panel,
    start: Instant,
    end: Instant | None,
    tables: Mapping[str, pl.DataFrame],
    since: np.datetime64 = NEVER,
    late: frozenset[EventRow] = frozenset(),
) -> Continued | None:
    """Return an index from its base to an end, gone on from what was kept of it; None where it cannot go on from there.

    It is, bit for bit, what `calculate_index` gives of the same data. It cannot go on where the data up to there are
    others than they were, by `digest_known`, nor where something new is of an instant that was already dealt with.

    Args:
        kept: What was kept.
        methodology: The same rules.
        panel: The market.
        start: The base, as it was then.
        end: Last instant, inclusive; the last of the panel for None.
        tables: Compositions, rebalances and events up to there.
        since: The instant after which the market is read as it is known now; see `Account.follow`.
        late: Rows of events that count from their time, see `IndexMarket`.
    """
    times = kept.levels["time"].dt.replace_time_zone(None).to_numpy()
    last = times[-1]
    if panel.now < last:
        return None
    history = index_history(methodology, panel, start, end, late)
    before = history.panel.until(last)
    if digest_known(before, before.digest()) != kept.data:
        return None
    state = IndexState.from_bytes(kept.state, methodology, history.panel.assets)
    if state.instant != last or state.step != history.market.step():
        return None
    if not np.array_equal(history.times[: len(times)], times):
        return None
    account = Account.gone_on(state, history)
    account.follow(history, state, since)
    if any(entry.time <= last for entry in account.compositions):
        return None
    own = account.tables(history.panel)
    whole = {name: pl.concat([tables[name], rows]) for name, rows in own.items()}
    whole["events"] = whole["events"].sort("time", maintain_order=True)
    trail = account.trail(held=kept.holdings.segments(history.panel.assets))
    result = IndexResult(methodology=methodology, panel=history.panel, levels=kept.levels, trail=trail, **whole)
    if not account.levels:
        return Continued(result, None)
    version = int(kept.levels["version"][-1])
    levels = level_table(account.levels, account.compositions, result.return_columns, version)
    result = replace(result, levels=pl.concat([kept.levels, levels]))
    day = to_datetime(history.times[len(times)].astype("datetime64[D]").astype("datetime64[us]"))
    fresh = replace(
        result,
        levels=result.levels.filter(pl.col("time") >= day),
        compositions=own["compositions"],
        rebalances=own["rebalances"],
        events=own["events"],
    )
    return Continued(result, fresh)
