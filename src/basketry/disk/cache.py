"""Where this user's machine keeps what can be made again."""

from __future__ import annotations

import os
from pathlib import Path


def user_cache() -> Path | None:
    """Return the folder of this user's cache: $BASKETRY_CACHE, or basketry in $XDG_CACHE_HOME or in ~/.cache.

    None, so that nothing is kept, where $BASKETRY_CACHE is empty, and where the user has no home.
    """
    own = os.environ.get("BASKETRY_CACHE")
    if own is not None:
        return Path(own) if own else None
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(home) if home else Path.home() / ".cache") / "basketry"
    except RuntimeError:
        return None
