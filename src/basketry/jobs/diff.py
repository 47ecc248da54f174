"""Compare two methodologies rule by rule, or two published indices number by number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from basketry.core.errors import DataError
from basketry.core.time import YEAR_DAYS
from basketry.ledger.folder import PublishedFolder, read_folder
from basketry.methodology.differences import differences
from basketry.methodology.methodology import Methodology


@dataclass(frozen=True)
class RuleChange:
    """A part of a rulebook that differs; None stands for absent."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True)
class LevelComparison:
    """How two level series compare on the instants that both have.

    Attributes:
        column: The return compared.
        instants: Number of common instants.
        largest_relative_difference: Of b to a after both are rebased to the first common instant.
        at: Where it is.
        correlation: Of log returns; None where fewer than three instants or no movement.
        tracking_error: Standard deviation of the difference of log returns, annualised by 365.
        first_difference: First instant at which the rebased levels differ by more than 1e-9; None where they agree.
    """

    column: str
    instants: int
    largest_relative_difference: float
    at: str
    correlation: float | None
    tracking_error: float | None
    first_difference: str | None


@dataclass(frozen=True)
class Comparison:
    """What differs between a and b."""

    a: str
    b: str
    rules: tuple[RuleChange, ...]
    levels: tuple[LevelComparison, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain values for JSON."""
        return asdict(self)


def compare(a: Path, b: Path) -> Comparison:
    """Return what differs between two methodology files, or two folders of indices.

    Raises:
        DataError: One is a file and the other a folder.
    """
    if a.is_dir() != b.is_dir():
        raise DataError(f"cannot compare {a} with {b}: give two methodology files or two folders of indices")
    if not a.is_dir():
        before, after = Methodology.load(a), Methodology.load(b)
        return Comparison(str(a), str(b), tuple(rule_changes(before, after)), (), (), ())
    left, right = read_folder(a), read_folder(b)
    columns = [name for name in left.levels.columns if name in right.levels.columns and _is_level(left, name)]
    held = [set(folder.tables["compositions"]["asset"].unique()) for folder in (left, right)]
    return Comparison(
        str(a),
        str(b),
        tuple(rule_changes(left.methodology, right.methodology)),
        tuple(_compare_levels(left, right, column) for column in columns),
        tuple(sorted(held[0] - held[1])),
        tuple(sorted(held[1] - held[0])),
    )


def rule_changes(before: Methodology, after: Methodology) -> Iterator[RuleChange]:
    """Yield every part of the rulebook that differs, in the order of its path."""
    for path, *values in sorted(differences(before.document, after.document), key=lambda entry: entry[0]):
        yield RuleChange(path, *values)


def _is_level(folder: PublishedFolder, name: str) -> bool:
    return name in [rule.column() for rule in folder.methodology.first.returns]


def _compare_levels(left: PublishedFolder, right: PublishedFolder, column: str) -> LevelComparison:
    both = left.levels.select("time", pl.col(column).alias("a")).join(
        right.levels.select("time", pl.col(column).alias("b")), on="time", how="inner", maintain_order="left"
    )
    if both.is_empty():
        raise DataError(f"{left.path} and {right.path} have no instant in common")
    a, b = both["a"].to_numpy(), both["b"].to_numpy()
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.abs((b / b[0]) / (a / a[0]) - 1)
        returns = np.diff(np.log(a)), np.diff(np.log(b))
    times = both["time"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    steps = float(np.median(np.diff(both["time"].dt.timestamp("us").to_numpy()))) / 86_400e6 if both.height > 1 else 1.0
    varied = len(a) > 2 and all(np.isfinite(r).all() and r.std() > 0 for r in returns)
    differs = np.flatnonzero(relative > 1e-9)
    row = int(np.nanargmax(relative))
    return LevelComparison(
        column=column,
        instants=both.height,
        largest_relative_difference=float(relative[row]),
        at=times[row],
        correlation=float(np.corrcoef(*returns)[0, 1]) if varied else None,
        tracking_error=float(np.std(returns[1] - returns[0], ddof=1) * np.sqrt(YEAR_DAYS / steps)) if varied else None,
        first_difference=times[int(differs[0])] if len(differs) else None,
    )
