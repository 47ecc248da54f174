"""What is known of assets beside their prices: names, tags and sectors, each with its dates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from basketry.core.digest import digest_strings
from basketry.core.numbers import Bools

_ALWAYS = np.datetime64("0001-01-01", "us")
_NEVER = np.datetime64("9999-12-31", "us")


class Fact(NamedTuple):
    """A value that holds for an asset in [valid_from, valid_until)."""

    value: str
    valid_from: np.datetime64
    valid_until: np.datetime64

    def holds(self, instant: np.datetime64) -> bool:
        """Return whether the fact holds at an instant."""
        return bool(self.valid_from <= instant < self.valid_until)


@dataclass(frozen=True)
class Facts:
    """Names and symbols by asset, and classifications by scheme ('tag', 'sector') and asset."""

    names: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    schemes: Mapping[str, Mapping[str, tuple[Fact, ...]]] = field(default_factory=dict)

    @staticmethod
    def from_frames(assets: pl.DataFrame | None, classifications: pl.DataFrame | None) -> Facts:
        """Return the facts held by an ASSETS and a CLASSIFICATIONS table."""
        names: dict[str, str] = {}
        symbols: dict[str, str] = {}
        if assets is not None:
            names = {a: n for a, n in assets.select("asset", "name").iter_rows() if n}
            symbols = {a: s for a, s in assets.select("asset", "symbol").iter_rows() if s}
        schemes: dict[str, dict[str, tuple[Fact, ...]]] = {}
        if classifications is not None:
            ordered = classifications.with_columns(pl.col("valid_from", "valid_until").dt.replace_time_zone(None)).sort(
                "scheme", "asset", "value", "valid_from"
            )
            for asset, scheme, value, start, end in ordered.select(
                "asset", "scheme", "value", "valid_from", "valid_until"
            ).iter_rows():
                fact = Fact(
                    value,
                    _ALWAYS if start is None else np.datetime64(start, "us"),
                    _NEVER if end is None else np.datetime64(end, "us"),
                )
                by_asset = schemes.setdefault(scheme, {})
                by_asset[asset] = (*by_asset.get(asset, ()), fact)
        return Facts(names, symbols, schemes)

    def known(self, scheme: str) -> set[str]:
        """Return every value that a scheme ever uses."""
        return {fact.value for facts in self.schemes.get(scheme, {}).values() for fact in facts}

    def holding(self, columns: Mapping[str, int], scheme: str, values: Iterable[str], instant: np.datetime64) -> Bools:
        """Return which assets hold any of the values at an instant, shape (N,); `columns` places each asset."""
        wanted = set(values)
        mask = np.zeros(len(columns), dtype=bool)
        for asset, facts in self.schemes.get(scheme, {}).items():
            if asset in columns and any(fact.value in wanted and fact.holds(instant) for fact in facts):
                mask[columns[asset]] = True
        return mask

    def values(self, assets: Sequence[str], scheme: str, instant: np.datetime64) -> list[str | None]:
        """Return each asset's value in a scheme at an instant (the latest to start), None where it has none."""
        by_asset = self.schemes.get(scheme, {})
        found: list[str | None] = []
        for asset in assets:
            holding = [fact for fact in by_asset.get(asset, ()) if fact.holds(instant)]
            found.append(max(holding, key=lambda fact: (fact.valid_from, fact.value)).value if holding else None)
        return found

    def digest(self, assets: Sequence[str], instant: np.datetime64) -> str:
        """Return the digest of the classifications of some assets that started by an instant."""
        lines = [
            # An end that lies after the instant was not known, or did not matter, at the instant.
            f"{scheme}|{asset}|{fact.value}|{fact.valid_from}|{fact.valid_until if fact.valid_until <= instant else ''}"
            for scheme in sorted(self.schemes)
            for asset in assets
            for fact in self.schemes[scheme].get(asset, ())
            if fact.valid_from <= instant
        ]
        return digest_strings(lines)
