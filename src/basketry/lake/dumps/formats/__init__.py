"""The dump formats: one family a file, each module's `FORMATS`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from basketry.core.errors import DataError, nearest_hint
from basketry.lake.dumps.form import DumpFormat


@cache
def dump_formats() -> Mapping[str, DumpFormat]:
    """Return every format by name, in alphabetical order.

    >>> "binance-aggtrades" in dump_formats()
    True
    """
    found: dict[str, DumpFormat] = {}
    for module in pkgutil.iter_modules(__path__):
        for form in importlib.import_module(f"{__name__}.{module.name}").FORMATS:
            found[form.name] = form
    return dict(sorted(found.items()))


def get_format(name: str) -> DumpFormat:
    """Return the format of a name, or raise DataError with the nearest."""
    try:
        return dump_formats()[name]
    except KeyError:
        raise DataError(
            f"unknown dump format {name!r}{nearest_hint(name, dump_formats())}; formats: {', '.join(dump_formats())}"
        ) from None
