"""Verify the pages of a folder and the figures of its manifest: what the same result gives again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from basketry.core.digest import canonical_json
from basketry.index.result import IndexResult
from basketry.jobs.market import Market
from basketry.jobs.pictures_aside import fault_of_picture
from basketry.jobs.save import documents, manifest, manipulation_facts
from basketry.jobs.verify_check import Check
from basketry.ledger.folder import PublishedFolder
from basketry.ledger.manifest import read_file
from basketry.market.panel import Panel

_PICTURE = re.compile(r"<svg.*?</svg>", re.DOTALL)
_VERSION = re.compile(r"\d+(\.[0-9a-z]+){1,4}", re.ASCII)
NOT_COMPARED = "pictures not compared: another version of Matplotlib drew them"


def page_checks(published: PublishedFolder, result: IndexResult, market: Market) -> Iterator[Check]:
    """Give the checks of manifest and pages.

    Pages are compared to the last byte. Where an earlier version drew the pictures with Matplotlib, which the manifest
    says, only their text is; where it worded the pages otherwise, in format 1, they are not compared. What it costs to
    move an index made of reference prices needs the trades of a lake.
    """
    yield _figures(published, result)
    if published.manifest["format"] == 1:
        yield Check("pages", True, "not compared: a folder of format 1 has the pages of an earlier version")
        return
    pages = published.manifest.get("pages") or {}
    facts: dict[str, str] = {}
    # An index is told to cost something to move where it is made of reference prices, and of no other.
    priced = any(version.rules.prices is not None for version in published.methodology.versions)
    untold = ""
    if pages.get("manipulation") and priced:
        if isinstance(market, Panel):
            untold = "factsheet.html"
        else:
            facts = manipulation_facts(market, result)
    drawn_by = pages.get("matplotlib")
    if drawn_by is not None and _VERSION.fullmatch(drawn_by) is None:
        yield Check("pages", False, f"manifest.json says that Matplotlib {drawn_by!r} drew them, which is no version")
        return
    for name, fresh in documents(result, published.told, facts).items():
        if name == untold:
            continue
        page = read_file(published.path, name).decode("utf-8", errors="replace")
        wrong = page_difference(page, fresh, pictures=drawn_by is None)
        if wrong is not None:
            yield Check(name, False, wrong)
            return
    words = "the pages are those that the result gives, byte by byte"
    if drawn_by is not None:
        words = (
            "the text of the pages is what the result gives; their pictures are not compared: an earlier version drew"
        )
        words += f" them with Matplotlib {drawn_by}, and the next publication draws them anew"
    if untold:
        words += f"; {untold} is not compared: what it costs to move the index is told of the trades of a lake"
    yield Check("pages", True, words)


def page_difference(page: str, fresh: str, *, pictures: bool) -> str | None:
    """Return in words that a page is not the one that was made anew; None where it is.

    Args:
        page: As it was found. fresh: As it was made anew.
        pictures: Whether they are compared; they are not where another version of what draws them made the first.

    >>> one, other = (f'<svg xmlns="http://www.w3.org/2000/svg"><g>{word}</g></svg>a' for word in ("1", "2"))
    >>> page_difference(one, other, pictures=False) is None
    True
    """
    if page == fresh:
        return None
    if not pictures and _PICTURE.sub("", page) == _PICTURE.sub("", fresh):
        return next(filter(None, map(fault_of_picture, _PICTURE.findall(page))), None)
    return "the page is not the one that the result gives"


def _figures(published: PublishedFolder, result: IndexResult) -> Check:
    old = published.manifest["format"] == 1
    aside = {"files", "format", "basketry", "pages"} | ({"stretches", "ended"} if old else set())
    told = {key: value for key, value in published.manifest.items() if key not in aside}
    fresh = {key: value for key, value in manifest(result, published.told).items() if key not in aside}
    # The instant of knowledge may lie after the last thing that was known by then.
    fresh["parameters"]["known_by"] = published.stretches[-1].known_by or fresh["parameters"]["known_by"]
    if old and published.known_by is None:
        fresh["parameters"].pop("known_by")
    first = published.record[0].body
    if first.get("simulated", result.panel.simulated) != result.panel.simulated:
        return Check("manifest", False, f"the record says simulated: {first['simulated']}, and the market does not")
    # As texts: 1, 1.0 and true are equal in Python.
    for name in {**told, **fresh}:
        if canonical_json(told.get(name)) != canonical_json(fresh.get(name)):
            return Check("manifest", False, f"{name}: says {told.get(name)}, recomputed {fresh.get(name)}")
    return Check("manifest", True, "its figures are those of the result")
