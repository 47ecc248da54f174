"""Manifests of folders: what a folder is, and the digest of each of its files. One reader for folders of all kinds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from basketry.core.errors import MethodologyError, RecordError
from basketry.core.time import to_instant
from basketry.ledger.atomic import recover, write_folder
from basketry.ledger.lock import writing
from basketry.ledger.strict_json import read_small, strict_value

FILE = "manifest.json"
SIZE_MAX = 4 * 1024 * 1024


def _instant(text: str) -> str:
    try:
        to_instant(text)
    except MethodologyError as error:
        raise ValueError(str(error)) from error
    return text


InstantText = Annotated[str, AfterValidator(_instant)]
"""A text that names an instant."""


class Facts(BaseModel):
    """What a manifest says beside its kind and files; a kind of folder checks in a subclass what it reads of it."""

    model_config = ConfigDict(defer_build=True, extra="allow", strict=True, allow_inf_nan=False)

    files: dict[str, str]


@dataclass(frozen=True)
class Form:
    """A kind of folder.

    Attributes:
        kind: What it is, in words and in its manifest; a folder of an index has no kind there.
        formats: The format numbers that are read; the last one is written.
        due: The files that it holds beside its manifest, by format.
        facts: What its manifest says.
        named: Whether the manifest says the kind.
    """

    kind: str
    formats: tuple[int, ...]
    due: Callable[[int], tuple[str, ...]]
    facts: type[Facts] = Facts
    named: bool = True


def with_manifest(files: Mapping[str, bytes], form: Form, facts: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of a folder with its manifest: kind, format number, facts and the digests of the files."""
    digests = {name: sha256(content).hexdigest() for name, content in sorted(files.items())}
    kind = {"kind": form.kind} if form.named else {}
    whole = {"format": form.formats[-1], **kind, **facts, "files": digests}
    text = json.dumps(whole, indent=2, sort_keys=True, allow_nan=False) + "\n"
    return {**files, FILE: text.encode()}


def read_manifest(path: Path, form: Form) -> dict[str, Any]:
    """Return the manifest of a folder of some kind, its form checked; a folder that a kill left aside is put back.

    Raises:
        RecordError: There is none, it is larger than 4 MiB or no strict JSON, it is of something else, or a fact of it
            does not have its form.
    """
    recover(path)
    file, what = path / FILE, f"the manifest of {form.kind}"
    manifest = strict_value(read_small(file, what, SIZE_MAX), str(file), what)
    if not isinstance(manifest, dict):
        raise RecordError(f"{file}: not {what}: it is not an object with fields")
    number = manifest.get("format")
    if manifest.get("kind") != (form.kind if form.named else None) or (not form.named and "kind" in manifest):
        raise RecordError(f"{file}: not {what}: its kind is {_short(manifest.get('kind'))}")
    if type(number) is not int or number not in form.formats:
        known = ", ".join(map(str, form.formats))
        raise RecordError(f"{file}: format {_short(number)} is not one of {known}; was it made by a later version?")
    try:
        form.facts.model_validate(manifest)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if place.partition(".")[0] != "files":  # What is wrong with files is told by `fault_of_files`.
            raise RecordError(f"{file}: not {what}: {place}: {first['msg']}") from error
    return manifest


def fault_of_files(path: Path, form: Form, manifest: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the files of a folder: those that belong to it, each with the manifest's digest."""
    digests = manifest.get("files")
    if not isinstance(digests, dict) or not all(isinstance(digest, str) for digest in digests.values()):
        return f"{FILE} names no files with their SHA-256"
    lacking = [name for name in form.due(manifest["format"]) if name not in digests]
    if lacking:
        return f"{FILE} does not name {lacking[0]}"
    for name, digest in sorted(digests.items()):
        if not _is_inside(name):
            return f"{FILE} names {name!r}, which is not a file of the folder"
        file = path / name
        try:
            if file.exists() and not file.is_file():
                return f"{name} is not a file"
            content = file.read_bytes()
        except (OSError, ValueError) as error:
            return f"{name}: {getattr(error, 'strerror', None) or error}"
        if sha256(content).hexdigest() != digest:
            return f"{name} is not the file that {FILE} names: its SHA-256 differs"
    return None


def require_files(path: Path, form: Form, manifest: Mapping[str, Any]) -> None:
    """Raise RecordError where files of a folder are not those of its manifest."""
    fault = fault_of_files(path, form, manifest)
    if fault is not None:
        raise RecordError(f"{path}: {fault}; the folder was altered after it was written. Restore it from a copy")


def read_file(path: Path, name: str) -> bytes:
    """Return the content of a file of a folder, or raise RecordError that names it."""
    try:
        return (path / name).read_bytes()
    except OSError as error:
        raise RecordError(f"{path / name}: cannot be read: {error.strerror or error}") from error


def read_manifested(path: Path, form: Form) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return the manifest of a folder and the content of its files, each with the manifest's digest.

    Raises:
        RecordError: The manifest is of something else, or a file is missing, altered or unreadable.
    """
    manifest = read_manifest(path, form)
    require_files(path, form, manifest)
    return manifest, {name: read_file(path, name) for name in manifest["files"]}


def replace_folder(path: Path, form: Form, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> None:
    """Write a folder that holds what one run made; an earlier one of the same kind gives way to it.

    Raises:
        RecordError: The folder is of another kind, such as an index, or was altered; or it cannot be written.
    """
    with writing(path):
        recover(path)
        if (path / FILE).is_file():
            manifest = read_manifest(path, form)
            if manifest["format"] == form.formats[-1]:  # Of vaults and frontiers of format 1 no files are named.
                require_files(path, form, manifest)
        write_folder(path, with_manifest(files, form, facts))


def _is_inside(name: str) -> bool:
    return Path(name).name == name and not set(name) & set("/\\\0") and name not in ("", ".", "..", FILE)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
