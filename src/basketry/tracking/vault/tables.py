"""Tables of a simulated vault, in and out; amounts in smallest units are texts, because they are exact."""

from __future__ import annotations

import polars as pl

from basketry.core.frames import INSTANT, Column, Schema
from basketry.tracking.vault.ledger import Ledger

VAULT_PRICES = Schema(
    "vault_prices",
    "Reference prices; each distinct time is a valuation. The columns of published fixings that a vault needs.",
    {
        "time": Column(INSTANT, "instant of the price"),
        "asset": Column(pl.String(), "asset, or token of a staked form"),
        "price": Column(pl.Float64(), "quote asset per whole unit; null when suspended", nullable=True),
        "status": Column(pl.String(), "live | stale | carried | suspended; null means live", nullable=True),
    },
    key=("time", "asset"),
)

VAULT_FLOWS = Schema(
    "vault_flows",
    "What holders want to create and redeem.",
    {
        "time": Column(INSTANT, "when the order was given"),
        "holder": Column(pl.String()),
        "side": Column(pl.String(), "create | redeem"),
        "form": Column(pl.String(), "cash | in_kind"),
        "amount": Column(pl.Float64(), "whole quote units for a creation for cash, else whole shares"),
    },
    key=("time", "holder", "side", "form"),
)

VAULT_TARGETS = Schema(
    "vault_targets",
    "Weights to trade to.",
    {
        "time": Column(INSTANT, "instant from which they hold"),
        "asset": Column(pl.String()),
        "weight": Column(pl.Float64(), "fraction of what is invested"),
    },
    key=("time", "asset"),
)

VAULT_SLASHES = Schema(
    "vault_slashes",
    "Penalties on staked assets.",
    {
        "time": Column(INSTANT),
        "asset": Column(pl.String()),
        "fraction": Column(pl.Float64(), "of what is staked and leaving"),
    },
    key=("time", "asset"),
)

VAULT_LEVELS = Schema(
    "vault_levels",
    "The vault at each valuation, after everything that happened there.",
    {
        "time": Column(INSTANT),
        "nav_per_share": Column(pl.Float64(), "whole quote units per whole share, for those who leave (bid)"),
        "ask_per_share": Column(pl.Float64(), "likewise for those who come"),
        "redemption_per_share": Column(pl.Float64(), "staked units at the price of what they are redeemed for"),
        "market_per_share": Column(pl.Float64(), "staked units at the price of the staked form"),
        "nav": Column(pl.String(), "smallest quote units, bid"),
        "shares": Column(pl.String(), "smallest units"),
        "fee_shares": Column(pl.String(), "new shares of the manager since the last valuation, smallest units"),
        "cash_weight": Column(pl.Float64(), "fraction of net asset value in cash"),
        "cash_drag": Column(
            pl.Float64(), "return lost to cash since the start: sum of cash weight × return of the rest"
        ),
        "waiting": Column(pl.UInt32(), "cash orders not yet executed"),
        "status": Column(pl.String(), "live | stale"),
        "reason": Column(pl.String(), "why it is stale; empty when it is live"),
    },
    key=("time",),
)

VAULT_ORDERS = Schema(
    "vault_orders",
    "What became of each order; one that waits has a row at each valuation.",
    {
        "time": Column(INSTANT, "instant of execution"),
        "order": Column(pl.Int64(), "number of a cash order; null in kind", nullable=True),
        "holder": Column(pl.String()),
        "side": Column(pl.String(), "create | redeem"),
        "form": Column(pl.String(), "cash | in_kind"),
        "outcome": Column(pl.String(), "executed | returned | waits | refused"),
        "cash": Column(pl.String(), "smallest quote units paid or received; 0 in kind"),
        "shares": Column(pl.String(), "smallest units got (positive) or given up"),
        "fee_shares": Column(pl.String(), "smallest units that the manager got"),
        "reason": Column(pl.String(), "why it was not executed"),
    },
)

VAULT_POSTINGS = Schema(
    "vault_postings",
    "The journal, one row a posting; an entry that only notes something has one row without an account.",
    {
        "entry": Column(pl.UInt32(), "number of the entry"),
        "time": Column(INSTANT),
        "kind": Column(pl.String(), "what happened"),
        "account": Column(pl.String(), "held | staked | unbonding | escrow | holder:NAME | claims | orders | issued"),
        "asset": Column(pl.String()),
        "amount": Column(pl.String(), "smallest units; positive debit, negative credit"),
        "digest": Column(pl.String(), "SHA-256 of the entry and all before it"),
    },
)


def postings_table(ledger: Ledger) -> pl.DataFrame:
    """Return the journal as a table (VAULT_POSTINGS)."""
    rows = []
    for entry in ledger.journal:
        digest = entry.digest
        lines = [(line.account, line.asset, str(line.amount)) for line in entry.postings] or [("", "", "0")]
        rows += [(entry.number, entry.at, entry.kind, *line, digest) for line in lines]
    frame = pl.DataFrame(
        rows,
        schema={"entry": pl.UInt32, "time": pl.Int64, "kind": pl.String, "account": pl.String, "asset": pl.String,
                "amount": pl.String, "digest": pl.String},
        orient="row",
    )  # fmt: skip
    return VAULT_POSTINGS.conform(frame.with_columns(pl.from_epoch("time", time_unit="us")))
