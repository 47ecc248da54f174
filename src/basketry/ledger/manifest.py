"""Manifests of folders: what a folder is, and the digest of each of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from basketry.core.errors import RecordError
from basketry.ledger.atomic import recover


def with_manifest(files: Mapping[str, bytes], kind: str, version: int, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of a folder with its manifest: kind, format number, facts and the digests of the files."""
    digests = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    whole = {"format": version, "kind": kind, **facts, "files": digests}
    text = json.dumps(whole, indent=2, sort_keys=True, allow_nan=False) + "\n"
    return {**files, "manifest.json": text.encode()}


def read_manifested(path: Path, kind: str, version: int) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest of a folder and the content of the files that it names.

    Raises:
        RecordError: The manifest is of something else, or a file is missing, altered or unreadable.
    """
    recover(path)
    file = path / "manifest.json"
    try:
        manifest = json.loads(file.read_text(encoding="utf-8"))
        if manifest["kind"] != kind or manifest["format"] != version:
            raise RecordError(f"{file}: not the manifest of {kind} of format {version}")
        digests = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{file}: not the manifest of {kind}: {error}") from error
    content: dict[str, bytes] = {}
    for name, digest in digests.items():
        try:
            content[name] = (path / name).read_bytes()
        except OSError as error:
            raise RecordError(f"{path / name}: cannot be read: {error.strerror}") from error
        if sha256(content[name]).hexdigest() != digest:
            raise RecordError(f"{path / name}: was altered: its digest is not the one in manifest.json")
    return manifest, content
