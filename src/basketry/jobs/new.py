"""Start a methodology file from an example."""

from __future__ import annotations

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.ledger.atomic import write_file
from basketry.methodology.parse import parse_yaml

REPLICAS = "replicas"
"""The folder of the replicas among the examples."""


def examples() -> dict[str, str]:
    """Return the shipped example methodologies by name, as YAML text."""
    return _shipped(files("basketry") / "examples")


def replicas() -> dict[str, str]:
    """Return the shipped replicas of published indices by name, such as replicas/coindesk-20, as YAML text.

    A replica that is chosen from another names its file as a parent.
    """
    return {f"{REPLICAS}/{name}": text for name, text in _shipped(files("basketry") / "examples" / REPLICAS).items()}


def _shipped(folder: Traversable) -> dict[str, str]:
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in sorted(folder.iterdir(), key=lambda item: item.name)
        if entry.name.endswith(".yaml")
    }


def new_methodology(target: Path, example: str = "large-cap-20", *, force: bool = False) -> Path:
    """Write an example methodology to a file for editing, and its parents beside it, and return its path.

    Raises:
        MethodologyError: No example has the name, or a file exists and `force` was not given.
        RecordError: A file cannot be written.
    """
    known = {**examples(), **replicas()}
    if example not in known:
        raise MethodologyError(
            f"there is no example {example!r}{nearest_hint(example, known)}; examples: {', '.join(known)}"
        )
    if not target.parent.is_dir():
        raise MethodologyError(f"{target.parent}: there is no such folder; create it first")
    written, waiting = {target: known[example]}, [known[example]]
    while waiting:
        for name in parse_yaml(waiting.pop()).get("parents", []):
            text = known[f"{REPLICAS}/{name.removesuffix('.yaml')}"]
            written[target.parent / name] = text
            waiting.append(text)
    for path, text in written.items():
        # A parent that is there already, as it is written here, is left as it is.
        if path.exists() and not force and (path == target or path.read_text(encoding="utf-8") != text):
            raise MethodologyError(f"{path}: exists; choose another name, or overwrite it with --force")
    for path, text in written.items():
        write_file(path, text.encode())
    return target
