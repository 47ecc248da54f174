"""The rules of one feed: who reports, how reports become a value, and which values are refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator, model_validator

from basketry.core.rule import Duration
from basketry.core.time import parse_duration
from basketry.reference.oracle.policies.upper_median import UpperMedian
from basketry.reference.oracle.policy import POLICIES, AggregationPolicy
from basketry.reference.oracle.report import MAX_DECIMALS


class Feed(BaseModel):
    """One feed and its rules.

    Attributes:
        id: Id of the feed, such as `btc-usd`.
        domain: Where the value is used: network, contract and version of the configuration. Part of what is signed.
        decimals: Values are whole numbers of 10^-decimals; a report in other units is left out, not converted.
        reporters: Public keys by reporter, 32 bytes in hexadecimal digits. No key may stand twice.
        policy: A rule of `POLICIES`; `upper_median` unless given.
        minimum: A value at or below it is invalid; none for no limit.
        maximum: A value at or above it is invalid; none for no limit.
        max_age: Greatest age of an observation when the round is aggregated.
        max_ahead: How far the clock of a reporter may run ahead.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    domain: str = Field(min_length=1)
    decimals: int = Field(8, ge=0, le=MAX_DECIMALS)
    reporters: dict[str, bytes]
    policy: AggregationPolicy = Field(default_factory=UpperMedian)
    minimum: int | None = Field(None, ge=0)
    maximum: int | None = Field(None, ge=1)
    max_age: Duration = parse_duration("60s")
    max_ahead: Duration = parse_duration("2s")

    @field_validator("policy", mode="before")
    @classmethod
    def _build_policy(cls, value: Any) -> Any:
        if isinstance(value, AggregationPolicy):
            return value
        if isinstance(value, str):
            return POLICIES.build(value, None)
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, parameters),) = value.items()
            return POLICIES.build(str(name), parameters)
        raise ValueError("expected the name of a policy, or one policy with parameters as in {median: {faults: 2}}")

    @field_serializer("policy")
    def _write_policy(self, policy: AggregationPolicy) -> Any:
        return {policy.name: policy.entry()} if policy.parameters() else policy.name

    @field_validator("reporters", mode="before")
    @classmethod
    def _read_keys(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError("expected public keys by reporter")
        return {name: bytes.fromhex(key) if isinstance(key, str) else key for name, key in value.items()}

    @field_serializer("reporters")
    def _write_keys(self, reporters: dict[str, bytes]) -> dict[str, str]:
        return {name: key.hex() for name, key in reporters.items()}

    @model_validator(mode="after")
    def _can_work(self) -> Feed:
        wrong = sorted(name for name, key in self.reporters.items() if len(key) != 32)
        if wrong:
            raise ValueError(f"reporters {', '.join(wrong)}: a public key has 32 bytes")
        if len(set(self.reporters.values())) < len(self.reporters):
            raise ValueError("two reporters have the same key; one signer would count twice")
        if len(self.reporters) < self.policy.least_reporters:
            raise ValueError(
                f"{len(self.reporters)} reporters are too few: {self.policy.faults} silent ones would stop a quorum of "
                f"{self.policy.least_reports}; add {self.policy.least_reporters - len(self.reporters)} or lower faults"
            )
        if self.minimum is not None and self.maximum is not None and self.minimum >= self.maximum:
            raise ValueError(f"the minimum {self.minimum} is not below the maximum {self.maximum}")
        return self


def microseconds(length: timedelta) -> int:
    """Return a duration as whole microseconds.

    >>> microseconds(timedelta(seconds=1.5))
    1500000
    """
    return length // timedelta(microseconds=1)
