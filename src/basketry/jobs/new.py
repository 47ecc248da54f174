"""Start a methodology file from an example, and check one for what a parse alone does not show."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.core.time import format_instant
from basketry.index.calculate import begins_late, first_start
from basketry.market.panel import Panel
from basketry.methodology.methodology import Methodology


def examples() -> dict[str, str]:
    """Return the shipped example methodologies by name, as YAML text."""
    folder = files("basketry") / "examples"
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda item: item.name)
        if entry.name.endswith(".yaml")
    }


def new_methodology(target: Path, example: str = "large-cap-20", *, force: bool = False) -> Path:
    """Write an example methodology to a file for editing and return its path.

    Raises:
        MethodologyError: No example has the name, or the file exists and `force` was not given.
    """
    known = examples()
    if example not in known:
        raise MethodologyError(
            f"there is no example {example!r}{nearest_hint(example, known)}; examples: {', '.join(known)}"
        )
    if target.exists() and not force:
        raise MethodologyError(f"{target}: exists; choose another name, or overwrite it with --force")
    if not target.parent.is_dir():
        raise MethodologyError(f"{target.parent}: there is no such folder; create it first")
    target.write_text(known[example], encoding="utf-8")
    return target


def first_rebalances(methodology: Methodology, panel: Panel | None = None) -> list[np.datetime64]:
    """Return the effective times of the first four changes after the base; of the first that a panel allows, if any."""
    base = methodology.base_instant
    if panel is not None and begins_late(panel, base):
        base = first_start(panel) + (base - base.astype("datetime64[D]"))
    return [dates.effective_at for dates in methodology.latest.schedule.next_dates(base, 4, base)]


def warnings(methodology: Methodology, panel: Panel) -> list[str]:
    """Return what in a rulebook does not fit the data.

    That is names of assets, tags and sectors that they never hold, and a base before they begin.
    """
    found = []
    base = methodology.base_instant
    if begins_late(panel, base):
        found.append(
            f"base: the data begin at {format_instant(panel.times[0])}, after the base of {format_instant(base)}; "
            f"compute with --start {format_instant(first_start(panel))}, after which the rebalances are listed"
        )
    for version in methodology.versions:
        for rule in version.rules.universe:
            for scheme in ("tags", "sectors", "assets"):
                names = getattr(rule, scheme, None)
                if not names:
                    continue
                known = panel.assets if scheme == "assets" else panel.facts.known(scheme.removesuffix("s"))
                found += [
                    f"{rule.name}: the data hold no {scheme.removesuffix('s')} {name!r}{nearest_hint(name, known)}"
                    for name in names
                    if name not in known
                ]
        for override in version.rules.overrides:
            if override.asset not in panel.assets:
                found.append(
                    f"overrides: the data hold no asset {override.asset!r}{nearest_hint(override.asset, panel.assets)}"
                )
    return list(dict.fromkeys(found))
