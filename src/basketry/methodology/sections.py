"""The plain sections of a rulebook: base, missing prices, sanity guard, events, publication, restatement."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from basketry.core.errors import MethodologyError
from basketry.core.rule import Duration
from basketry.core.time import parse_duration

Removal = Literal["remove_at_last_price", "remove_at_zero", "to_cash"]
"""What becomes of a member that leaves between rebalances.

remove_at_last_price: its last value is spread over the remaining members; the level does not move.
remove_at_zero: its value is lost; the level falls by its weight.
to_cash: its last value is held as cash until the next rebalance; the level does not move.
"""


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError as error:
            raise MethodologyError(f"{value!r} is not a date; write for example 2015-01-31") from error
    return value


Day = Annotated[
    date,
    BeforeValidator(lambda value: value.date() if isinstance(value := _day(value), datetime) else value),
    PlainSerializer(lambda value: value.isoformat(), return_type=str),
]
"""A calendar day written as 2015-01-31."""


class Section(BaseModel):
    """Base of the sections: unknown keys are refused, values are frozen."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    @cached_property
    def key(self) -> str:
        """All values in one string, which costs less to look up than the section."""
        return self.model_dump_json()


class Base(Section):
    """Where the history starts: the level is `level` at the first fixing on or after `date`.

    Attributes:
        date: The base date.
        level: The base level.
    """

    date: Day
    level: float = Field(1000.0, gt=0, le=1e12)


class Missing(Section):
    """What happens when a member has no price at a calculation instant.

    The last price is carried for `carry_forward`; then the member is removed (see Removal), or the price is
    kept and the level marked stale (`keep`), or the level is held and marked suspended (`suspend`).

    Attributes:
        carry_forward: How long a price is carried; also how fresh a candidate's price must be.
        then: What happens afterwards.
        live: A level is live while the oldest price used is younger than this; one step of the data unless given.
    """

    carry_forward: Duration = parse_duration("3d")
    then: Literal["remove_at_last_price", "remove_at_zero", "to_cash", "keep", "suspend"] = "remove_at_last_price"
    live: Duration | None = None


class Guard(Section):
    """Sanity of inputs: what keeps one absurd figure from taking the index. Each may be switched off with null.

    Attributes:
        supply_change: A candidate's supply is followed through its history. One that is this factor, up or down, from
            what was believed `supply_window` before is not believed: the believed one counts, and grows with what is
            reported, until a second source, a recorded corporate event or an override `accept_supply` confirms another.
            Null switches both limits of supply off.
        supply_step: The same for a supply that is this factor from the one believed just before. Null: no such limit.
        supply_window: Window of the two, and of `min_turnover`. A supply not reported for so long starts anew.
        price_jump: A price more than this factor above the last good price of a member is treated as missing;
            a candidate whose price is that far above its median over `price_window` is not eligible. Falls are
            never treated so: a collapse is real more often than not.
        price_window: Window of that median.
        min_turnover: A candidate whose median daily volume over `supply_window` is below this share of its
            capitalisation is not eligible: its capitalisation has no market behind it.
        level_jump: A level that moves by more than this factor, up or down, in one step is not published until
            somebody releases it.
        member_jump: Nor are levels of a step in which the prices of `member_share` of the members, by number, move by
            more than this factor the same way, as they do where a feed counts in another unit.
        member_share: That share.
    """

    supply_change: float | None = Field(2.0, gt=1)
    supply_step: float | None = Field(1.5, gt=1)
    supply_window: Duration = parse_duration("30d")
    price_jump: float | None = Field(20.0, gt=1)
    price_window: Duration = parse_duration("7d")
    min_turnover: float | None = Field(1e-6, gt=0, lt=1)
    level_jump: float | None = Field(2.0, gt=1)
    member_jump: float | None = Field(2.5, gt=1)
    member_share: float = Field(0.5, gt=0, le=1)


class EventPolicy(Section):
    """How corporate events are treated. Redenominations and migrations always keep the value and the level.

    A fork or airdrop that is credited adds the new asset to the basket until the next rebalance; it counts
    from its first price. One that is ignored leaves the basket as it is.

    Attributes:
        delisting: How a member that is delisted, or migrates to an asset without data, leaves.
        hard_fork: What becomes of the new coin of a fork.
        airdrop: What becomes of an airdrop.
    """

    delisting: Removal = "remove_at_last_price"
    hard_fork: Literal["ignore", "credit"] = "ignore"
    airdrop: Literal["ignore", "credit"] = "ignore"


class Publish(Section):
    """How levels are published: rounded once, half to even.

    Attributes:
        decimals: Digits after the point.
    """

    decimals: int = Field(4, ge=0, le=12)


class Override(Section):
    """A committee's decision about one asset, in force for determinations in [from, until).

    Attributes:
        asset: The asset.
        action: include, exclude, or accept_supply: the first supply reported on or after the day `from` is believed
            (see Guard); later ones are judged from it, and it has no end.
        valid_from: First day (written `from`). until: Day on which it ends, exclusive.
        reason: Why.
        approver: Who decided.
        date: When.
    """

    asset: str = Field(min_length=1)
    action: Literal["include", "exclude", "accept_supply"]
    valid_from: Day = Field(alias="from")
    until: Day | None = None
    reason: str = Field(min_length=3)
    approver: str = Field(min_length=1)
    date: Day

    @model_validator(mode="after")
    def _endless(self) -> Override:
        if self.action == "accept_supply" and self.until is not None:
            raise MethodologyError("accept_supply accepts one figure and has no end: leave out `until`")
        return self


class VersionNote(Section):
    """A change of rules: the sections under `changes` replace the earlier ones from a date on.

    The rules in force at an instant judge it: a determination on or after `from` (00:00 UTC) uses the new rules, and
    so do prices, levels and series from the first calculation instant on or after it.

    Attributes:
        valid_from: First day (written `from`).
        note: What changed and why, for the change log.
        approver: Who approved it.
        changes: The new sections by key.
    """

    valid_from: Day = Field(alias="from")
    note: str = Field(min_length=3)
    approver: str | None = None
    changes: dict[str, Any] = Field(min_length=1)
