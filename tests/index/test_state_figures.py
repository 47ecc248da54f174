"""States with figures that no index has: each is refused where its bytes are read, in one clear error."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from tests.index.test_cash import book, market, path
from tests.property.test_state_bytes import places

from basketry.core.errors import BasketryError, DataError
from basketry.index.carry import carry_decision
from basketry.index.codec import sealed
from basketry.index.history import History
from basketry.index.market import IndexMarket
from basketry.index.parts import Part
from basketry.index.state import Due, IndexState
from basketry.market.events import CorporateEvent, EventKind
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology

PRICES = {"a": path((0, 10.0), (1, 20.0), (35, 10.0)), "b": path((0, 10.0), (20, 14.0)), "c": path((0, 10.0), (5, 6.0))}
WEEKLY: dict[str, Any] = {"every": "week", "determine": "2d"}
STEPS: dict[str, Any] = {**WEEKLY, "fix": "units", "transition": {"steps": 3, "every": "1d"}}
LIMITED = {"by": "equal", "turnover": 0.05}
BOOKS: dict[str, dict[str, Any]] = {
    "cash": book(0.2, weight=LIMITED, rebalance=WEEKLY),
    "steps": book({"weight": 0.2, "rate": 0.05}, weight={"by": "market_cap", "turnover": 0.05}, rebalance=STEPS),
    "plain": book(None, rebalance={**WEEKLY, "triggers": [{"volatility": {"above": 5, "window": "5d"}}]}),
    "to cash": book(None, rebalance=WEEKLY, events={"delisting": "to_cash"}),
}
Change = Callable[[dict[str, Any]], None]


@cache
def walked(name: str) -> tuple[Methodology, Panel, tuple[bytes, ...]]:
    """Return the rules, the market, and the bytes of the state after each event."""
    rules = Methodology.load(BOOKS[name])
    leaves = {"kind": "delisting", "asset": "c", "time": "2020-01-09T00:00:00"}
    events = (leaves,) if name == "to cash" else ()
    panel = market(PRICES, tuple({**row, "time": np.datetime64(row["time"]).item()} for row in events))
    driver = History(rules, IndexMarket.of(panel, panel.times), 1)
    return rules, panel, tuple(step.state.to_bytes() for step in driver.walk(driver.start()))


def one(name: str, *needed: str) -> dict[str, Any]:
    """Return what the last state says in which some fields hold something."""
    _, _, kept = walked(name)
    return next(plain for plain in map(json.loads, reversed(kept)) if all(plain[field] for field in needed))


def put(where: str, value: Any) -> Change:
    """Return a change of a value at a place such as `pending.0.prices.0`, where `cash` is the place of that id."""

    def change(plain: dict[str, Any]) -> None:
        *parts, last = where.split(".")
        at: Any = plain
        for part in parts:
            at = at[int(part)] if isinstance(at, list) else at[part]
        place = plain["assets"].index("cash") if last == "cash" else int(last) if isinstance(at, list) else last
        at[place] = value(at[place]) if callable(value) else value

    return change


def flags_flipped(plain: dict[str, Any]) -> None:
    plain["basket"]["cash"] = plain["basket"]["cash"][::-1]


def cash_among(where: str) -> Change:
    """Return a change that puts the column of the cash member first into a list, or into a field."""

    def change(plain: dict[str, Any]) -> None:
        put(where, plain["assets"].index("cash"))(plain)

    return change


def without_cash(plain: dict[str, Any]) -> None:
    place = plain["assets"].index("cash")
    for figures in plain["basket"].values():
        if isinstance(figures, list) and isinstance(figures[0], list):
            [row.pop(place) for row in figures]
        elif isinstance(figures, list):
            figures.pop(place)
    plain["basket"]["given"] = [weight / sum(plain["basket"]["given"]) for weight in plain["basket"]["given"]]


PART = {"column": 0, "shares": [1.5, 0.0, 0.0], "events": [], "fixed": None}
EVENT = {
    "time": 0, "known_at": 0, "kind": "delisting", "asset": "a", "new_asset": None, "ratio": 1.0, "until": 0,
    "removal": None, "approver": "", "reason": "", "note": "",
}  # fmt: skip
DUE = {"event": EVENT, "column": 0, "new_column": None, "candidates": [], "corrects_since": None}

FORGED: list[tuple[str, tuple[str, ...], Change, str]] = [
    # A flag that goes from the cash member to an asset.
    ("cash", ("basket",), flags_flipped, "basket.cash: cash is the cash member, which is held as cash and not awaited"),
    ("cash", ("basket",), put("basket.cash.cash", False), "basket.cash: cash is the cash member"),
    ("cash", ("basket",), put("basket.awaited.cash", True), "basket.cash: cash is the cash member"),
    ("steps", ("steps",), put("basket.cash.cash", False), "basket.cash: cash is the cash member"),
    ("cash", ("basket",), without_cash, "basket.columns: the rules of the basket have a cash member, and cash is not"),
    ("cash", ("pending",), cash_among("pending.0.members.0"), "pending.members: cash is the cash"),
    ("cash", ("pending",), put("pending.0.reserve", lambda found: [*found, 3]), "pending.reserve: cash is the cash"),
    ("cash", ("basket",), put("reserve", lambda found: [*found, 3]), "reserve: cash is the cash member"),
    ("cash", ("basket",), put("parts", [{**PART, "column": 3}]), "parts: cash is the cash member"),
    ("cash", ("basket",), put("due", [{**DUE, "column": 3}]), "due: cash is the cash member"),
    ("cash", ("basket",), put("due", [{**DUE, "new_column": 3}]), "due: cash is the cash member"),
    (
        "cash",
        ("basket",),
        put("due", [{**DUE, "candidates": [{"column": 3, "price": 1.0, "seen": 0}]}]),
        "due: cash is the cash member",
    ),
    # Prices from which units, weights or growth are made.
    ("cash", ("basket",), put("basket.prices.cash", 0.0), "basket.prices: cash has the price 0"),
    ("plain", ("basket",), put("basket.prices.1", 0.0), "basket.prices: b has the price 0, and no first price of it"),
    ("plain", ("basket",), put("basket.prices.1", -1.0), "Basket.prices: expected a number from 0, was -1.0"),
    ("cash", ("pending",), put("pending.0.prices.2", 0.0), "pending.prices: c has the price 0"),
    # Numbers that no calendar has.
    ("plain", ("basket",), put("instant", 2**63 - 1), "expected microseconds since 1970 of the years 1 to 9999"),
    ("steps", ("steps",), put("steps.every", 2**62), " of 3, every 4611686018427387904 microseconds"),
    ("steps", ("pending",), put("pending.0.raw", lambda found: [0.0] * len(found)), "pending.raw: an asset has units"),
    # Amounts that are worth nothing.
    ("plain", ("basket",), put("basket.units", [0.0] * 3), "basket.units: what is held is worth 0"),
    ("cash", ("basket",), put("basket.units", [0.0] * 4), "basket.units: what is held is worth 0"),
    ("plain", ("basket",), put("level", 0.0), "level, past_levels: the levels of an index"),
    ("cash", ("basket",), put("basket.units.0", 1e308), "basket.units: what is held is worth inf"),
    ("plain", ("past_levels",), put("past_levels.0", 0.0), "level, past_levels: the levels of an index"),
    # Sums of weights: given 1/3 each and then 2/3; of the determined ones 1/3 is lost, or 5% too much.
    ("plain", ("basket",), put("basket.given.0", lambda found: found + 1 / 3), "weights given sum to 1.33"),
    ("plain", ("basket",), put("basket.given.0", 0.0), "basket.given: weights given sum to 0.666"),
    ("cash", ("pending",), put("pending.0.weights.0", 0.0), "pending.weights: weights sum to 0."),
    ("cash", ("pending",), put("pending.0.weights.0", lambda found: found + 0.05), "weights sum to 1.05"),
    ("cash", ("pending",), put("pending.0.raw.0", lambda found: found + 0.05), "pending.raw: weights before"),
    # What a limit on turnover counts from.
    ("cash", ("pending",), put("pending.0.held.weights.0", lambda found: found + 0.01), "pending.held: weights held"),
    ("cash", ("pending",), put("pending.0.held.weights.0", -0.1), "Held.weights: expected a number from 0, was -0.1"),
    ("cash", ("pending",), put("pending.0.held.weights.0", None), "Held.weights: expected a finite number, was None"),
    ("cash", ("pending",), put("pending.0.held.weights", [0.5]), "held: columns must ascend, each with one figure"),
    (
        "plain",
        ("pending",),
        put("pending.0.held", {"columns": [0], "weights": [1.0]}),
        "pending.held: a limit on turnover counts from it, and the rules have none",
    ),
    # A transition.
    ("steps", ("steps",), put("steps", None), "steps: a transition has both its steps and basket.plan; one is lacking"),
    ("steps", ("steps",), put("basket.plan", None), "steps: a transition has both its steps and basket.plan"),
    ("plain", ("basket",), put("parts", [PART]), "parts: 1.5 of the units of a, above 1"),
    ("plain", ("pending",), put("pending.0.parts", [PART]), "parts: 1.5 of the units of a, above 1"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "needed", "change", "words"), FORGED)
def test_a_figure_that_no_index_has_is_refused(name: str, needed: tuple[str, ...], change: Change, words: str) -> None:
    rules, _, _ = walked(name)
    plain = one(name, *needed)
    IndexState.from_bytes(sealed(plain), rules)
    change(plain)
    with pytest.raises(DataError) as caught:
        IndexState.from_bytes(sealed(plain), rules)
    assert str(caught.value).startswith("state")
    assert words in str(caught.value)


def test_rounding_is_not_refused() -> None:
    rules, _, _ = walked("cash")
    plain = one("cash", "pending")
    for where in ("pending.0.weights.0", "pending.0.raw.0", "pending.0.held.weights.0", "basket.given.0"):
        put(where, lambda found: found + 1e-12)(plain)
    assert IndexState.from_bytes(sealed(plain), rules).basket is not None


@pytest.mark.parametrize(
    "changes",
    [
        # Everybody who had a weight given departed in a transition, and what is held came by an event.
        {"basket.given": [0.0] * 3},
        # Of members alone the weights mean nothing.
        {"pending.0.scope": 1, "pending.0.weights": [0.6] * 3, "pending.0.raw": [0.6] * 3},
        # Figures of the only one determined, who departed.
        {
            "pending.0.columns": [],
            "pending.0.nobody": "departed",
            "pending.0.weights": [0.5],
            "pending.0.prices": [0.0],
        },
    ],
)
def test_what_an_index_can_have_is_read(changes: dict[str, Any]) -> None:
    rules, _, _ = walked("plain")
    plain = one("plain", "basket", "pending")
    for where, value in changes.items():
        put(where, value)(plain)
    assert IndexState.from_bytes(sealed(plain), rules).basket is not None


@pytest.mark.parametrize("name", sorted(BOOKS))
def test_every_state_of_an_index_is_read_and_gives_its_bytes(name: str) -> None:
    rules, panel, kept = walked(name)
    for content in kept:
        assert IndexState.from_bytes(content, rules, panel.assets).to_bytes() == content


def test_an_asset_that_left_to_cash_is_held_as_cash_beside_no_cash_member() -> None:
    plain = one("to cash", "basket")
    held = [json.loads(content)["basket"] for content in walked("to cash")[2]]
    assert any(basket is not None and any(basket["cash"]) for basket in held)
    assert "cash" not in plain["assets"]


def test_an_event_before_the_cash_member_is_held_is_of_no_new_asset() -> None:
    """Neither the cash member nor a new asset has a column then, and the two are not confused."""
    rules, _, _ = walked("cash")
    plain = json.loads(IndexState.start(rules, ("a", "b"), 1).to_bytes())
    plain.update(assets=["a"], due=[DUE])
    assert IndexState.from_bytes(sealed(plain), rules).due[0].new_column is None


@pytest.mark.parametrize("name", ["cash", "steps", "plain"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # 1e308 is a number like any other
def test_a_forged_state_is_refused_or_goes_on_or_says_in_one_clear_error_why_not(name: str) -> None:
    """Zero prices, units and sums, flags turned and lists emptied: no raw error of Python at any later event."""
    rules, panel, kept = walked(name)
    rng = np.random.default_rng(1)
    values: list[Any] = [0, 0.0, 1, 1.5, 5e-324, 1e308, []]
    refused = 0
    for _ in range(250):
        plain = json.loads(kept[int(rng.integers(len(kept)))])
        *path_to, last = places(plain)[int(rng.integers(len(places(plain))))]
        at = plain
        for part in path_to:
            at = at[part]
        old = at[last]
        new = values[int(rng.integers(len(values)))]
        if isinstance(old, list) and rng.random() < 0.6:
            new = [0.0 if isinstance(entry, float) else entry for entry in old[:: -1 if rng.random() < 0.5 else 1]]
        at[last] = not old if isinstance(old, bool) else new
        try:
            state = IndexState.from_bytes(sealed(plain), rules, panel.assets)
        except DataError:
            refused += 1
            continue
        try:
            for _step in History(rules, IndexMarket.of(panel, panel.times)).walk(state):
                pass
        except BasketryError:
            continue
    assert refused > 100


def test_a_correction_for_an_asset_that_left_a_decision_changes_nothing() -> None:
    """Units of a went through a redenomination; a departed since, and a correction finds nobody to change."""
    rules, _, _ = walked("plain")
    pending = IndexState.from_bytes(sealed(one("plain", "pending")), rules).pending[0]
    now = pending.determined_at
    event = CorporateEvent(now, now, EventKind.REDENOMINATION, "a", None, 100.0, now, None, "", "", "")
    gone = Part(9, (1.0, 0.0, 0.0), (event,))
    decision = type(pending)(**{**vars(pending), "parts": (gone,)})
    again = carry_decision(decision, Due(event, 9, None, (), now + np.timedelta64(timedelta(days=1))))
    assert again.columns.tolist() == decision.columns.tolist()
    assert again.prices.tolist() == decision.prices.tolist()
