"""Start a methodology file from an example."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from basketry.core.errors import MethodologyError, nearest_hint


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
