"""Pages from templates: everything that comes from a rulebook or from data is escaped."""

from __future__ import annotations

import math
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemBytecodeCache, PackageLoader, StrictUndefined
from jinja2.bccache import Bucket

from basketry.core.time import format_instant
from basketry.disk.cache import user_cache
from basketry.reports.formulas import formula_html

NOTHING = "\N{EN DASH}"
"""What stands where there is no figure."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("basketry.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_compiled(),
    )
    environment.filters |= {"formula": formula_html, "instant": instant, "percent": percent, "change": change}
    return environment


class _Compiled(FileSystemBytecodeCache):
    """Compiled templates in the user's cache, where they can be kept; each is keyed by its source."""

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


def _compiled() -> _Compiled | None:
    folder = user_cache()
    if folder is None:
        return None
    with suppress(OSError):
        (folder / "templates").mkdir(mode=0o700, parents=True, exist_ok=True)
    return _Compiled(str(folder / "templates"))


def render(template: str, **values: Any) -> str:
    """Return a page; `notice`, a sentence that stands above all of it, is empty unless given."""
    return _environment().get_template(template).render({"notice": "", **values})


def instant(moment: datetime | np.datetime64) -> str:
    """Return an instant as 2024-06-21 at midnight UTC, else as 2024-06-21 20:00.

    >>> instant(np.datetime64("2024-06-21T20:00", "us")), instant(datetime(2024, 6, 21))
    ('2024-06-21 20:00', '2024-06-21')
    """
    stamp = moment if isinstance(moment, np.datetime64) else np.datetime64(moment.replace(tzinfo=None), "us")
    return format_instant(stamp).replace("T", " ").removesuffix(":00Z").removesuffix("Z")


def percent(value: float, decimals: int = 2) -> str:
    """Return a fraction as a percentage.

    >>> percent(0.25), percent(0.5, 0), percent(float("nan")) == NOTHING
    ('25.00%', '50%', True)
    """
    return f"{value:.{decimals}%}" if math.isfinite(value) else NOTHING


def change(value: float) -> str:
    """Return a return as a percentage with its sign, with a true minus.

    >>> change(-0.1234), change(25.5)
    ('−12.34%', '+2,550%')
    """
    if not math.isfinite(value):
        return NOTHING
    return f"{value:+,.{2 if abs(value) < 10 else 0}%}".replace("-", "−")
