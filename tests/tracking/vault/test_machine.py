"""Any sequence of operations: books balanced, nobody's shares diluted, value conserved, the journal replays."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from basketry.core.errors import DataError
from basketry.tracking.vault.events import apply_event
from basketry.tracking.vault.in_kind import create_in_kind, redeem_in_kind
from basketry.tracking.vault.ledger import SHARES
from basketry.tracking.vault.nav import ReferencePrice, net_asset_value
from basketry.tracking.vault.orders import execute, submit
from basketry.tracking.vault.staking import collect, reward, slash, stake, unstake
from basketry.tracking.vault.terms import Staking, VaultTerms
from basketry.tracking.vault.vault import Vault, accrue, open_vault, trade, transfer

HOLDERS = st.sampled_from(["anna", "bert"])
UNITS = st.integers(1, 10**7)
DAY = 86_400_000_000
TERMS = {
    "quote": "cash",
    "decimals": {"cash": 2, "stone": 3, "leaf": 4},
    "share_decimals": 4,
    "staking": {"leaf": Staking(unbonding=timedelta(days=2))},
}


class VaultMachine(RuleBasedStateMachine):
    """A vault, and the purses of everybody it deals with."""

    @initialize(fee=st.integers(0, 300), spread=st.integers(0, 300))
    def open(self, fee: int, spread: int) -> None:
        rate = Decimal(fee) / 10_000
        terms = VaultTerms.parse(
            {**TERMS, "create_fee": rate, "redeem_fee": rate, "management_fee": rate, "spread": Decimal(spread) / 10**4}
        )
        basket = {"cash": 10**6, "stone": 10**5, "leaf": 3 * 10**5}
        self.vault = open_vault(terms, 0, founder="anna", shares=10**7, basket=basket)
        self.at = 1
        self.outside = Counter({asset: -amount for asset, amount in basket.items()})

    def per_share(self) -> dict[str, Fraction]:
        """Units of each asset behind a share."""
        vault = self.vault
        accrue(vault, self.at)
        return {asset: Fraction(-vault.ledger.balance("claims", asset), vault.supply) for asset in vault.assets}

    @rule(holder=HOLDERS, shares=UNITS)
    def create(self, holder: str, shares: int) -> None:
        before = self.per_share()
        try:
            receipt = create_in_kind(self.vault, self.at, holder=holder, shares=shares)
        except DataError:
            return
        for (_, asset), amount in receipt.paid.items():
            self.outside[asset] -= amount
        assert all(self.per_share().get(asset, 0) >= units for asset, units in before.items())

    @rule(holder=HOLDERS, shares=UNITS)
    def redeem(self, holder: str, shares: int) -> None:
        before = self.per_share()
        try:
            receipt = redeem_in_kind(self.vault, self.at, holder=holder, shares=shares)
        except DataError:
            return
        for (_, asset), amount in receipt.received.items():
            self.outside[asset] += amount
        assert all(self.per_share().get(asset, 0) >= units for asset, units in before.items())

    @rule(holder=HOLDERS, side=st.sampled_from(["create", "redeem"]), amount=UNITS)
    def order(self, holder: str, side: str, amount: int) -> None:
        try:
            submit(self.vault, self.at, holder=holder, side=side, amount=amount)  # type: ignore[arg-type]
        except DataError:
            return
        if side == "create":
            self.outside["cash"] -= amount

    @rule(stone=st.integers(1, 500), leaf=st.integers(1, 500))
    def deal(self, stone: int, leaf: int) -> None:
        vault = self.vault
        accrue(vault, self.at)
        prices = {"stone": ReferencePrice(Decimal(stone) / 10, self.at), "leaf": ReferencePrice(Decimal(leaf), self.at)}
        value = net_asset_value(vault, prices, self.at)
        waiting = vault.ledger.balance("orders", "cash")
        for done in execute(vault, value, self.at):
            if done.outcome == "executed" and done.side == "redeem":
                self.outside["cash"] += done.cash
            if done.outcome == "executed" and done.side == "create":
                waiting += done.cash
        # What left the orders' account without an execution was returned to its holder.
        self.outside["cash"] += vault.ledger.balance("orders", "cash") - waiting
        after = net_asset_value(vault, prices, self.at)
        assert after.bid * value.shares >= value.bid * after.shares

    @rule(sold=UNITS, bought=UNITS)
    def trade(self, sold: int, bought: int) -> None:
        try:
            trade(self.vault, self.at, sell="cash", sold=sold, buy="stone", bought=bought)
        except DataError:
            return
        self.outside["cash"] += sold
        self.outside["stone"] -= bought

    @rule(amount=UNITS, kind=st.sampled_from([stake, unstake]))
    def queue(self, amount: int, kind: object) -> None:
        try:
            kind(self.vault, self.at, asset="leaf", amount=amount)  # type: ignore[operator]
        except DataError:
            return

    @rule(amount=st.integers(1, 10**4))
    def earn(self, amount: int) -> None:
        reward(self.vault, self.at, asset="leaf", amount=amount)
        self.outside["leaf"] -= amount

    @rule(amount=st.integers(1, 10**5))
    def lose(self, amount: int) -> None:
        try:
            slash(self.vault, self.at, asset="leaf", amount=amount)
        except DataError:
            return
        self.outside["leaf"] += amount

    @rule(shares=UNITS)
    def move(self, shares: int) -> None:
        try:
            transfer(self.vault, self.at, giver="anna", taker="bert", shares=shares)
        except DataError:
            return

    @rule(percent=st.integers(50, 200))
    def split(self, percent: int) -> None:
        owned = -self.vault.ledger.balance("claims", "leaf")
        apply_event(self.vault, self.at, kind="redenomination", asset="leaf", ratio=Decimal(percent) / 100)
        self.outside["leaf"] += owned + self.vault.ledger.balance("claims", "leaf")

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.at += hours * 3_600_000_000
        collect(self.vault, self.at)

    @invariant()
    def books_are_balanced_and_value_is_conserved(self) -> None:
        if not hasattr(self, "vault"):
            return
        ledger = self.vault.ledger
        ledger.check()
        for asset in ("cash", "stone", "leaf"):
            owned = sum(ledger.balance(place, asset) for place in ("held", "staked", "unbonding"))
            assert owned == -ledger.balance("claims", asset) - ledger.balance("orders", asset)
            assert owned == -self.outside[asset]
            entitled = sum(self.vault.entitlement(holder, asset) for holder in ("anna", "bert", "manager", "dead"))
            assert entitled <= -ledger.balance("claims", asset)
        assert sum(ledger.accounts(SHARES).values()) == 0
        tickets = sum(int(ticket["amount"]) for ticket in self.vault.records("ticket:").values())
        assert tickets == ledger.balance("unbonding", "leaf")

    def teardown(self) -> None:
        if hasattr(self, "vault"):
            ledger = self.vault.ledger
            again = Vault.replay(self.vault.terms, ledger.journal, ledger.head)
            assert {key: amount for key, amount in again.ledger.balances.items() if amount} == {
                key: amount for key, amount in ledger.balances.items() if amount
            }
            assert again.ledger.notes == ledger.notes


VaultMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30)
TestVault = VaultMachine.TestCase
