"""Verify the pages of a folder and the figures of its manifest: what the same result gives again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import matplotlib

from basketry.index.result import IndexResult
from basketry.jobs.market import Market
from basketry.jobs.save import documents, manifest, manipulation_facts
from basketry.jobs.verify_record import Check
from basketry.ledger.folder import PublishedFolder
from basketry.market.panel import Panel

_PICTURE = re.compile(r"<svg.*?</svg>", re.DOTALL)


def page_checks(published: PublishedFolder, result: IndexResult, market: Market) -> Iterator[Check]:
    """Give the checks of manifest and pages.

    Pictures are compared where the same version of Matplotlib drew them; text always. What it costs to move an index
    made of reference prices needs the trades of a lake.
    """
    yield _figures(published, result)
    pages = published.manifest.get("pages", {})
    facts: dict[str, str] = {}
    # An index is told to cost something to move where it is made of reference prices, and of no other.
    priced = any(version.rules.prices is not None for version in published.methodology.versions)
    untold = ""
    if pages.get("manipulation") and priced:
        if isinstance(market, Panel):
            untold = "factsheet.html"
        else:
            facts = manipulation_facts(market, result)
    told = pages.get("matplotlib")
    pictured = told == matplotlib.__version__
    for name, fresh in documents(result, published.told, facts).items():
        page = (published.path / name).read_bytes().decode("utf-8", errors="replace")
        if page == fresh or name == untold:
            continue
        if not pictured and _PICTURE.sub("", page) == _PICTURE.sub("", fresh):
            words = f"its text is what the result gives; Matplotlib {told} drew it, this is {matplotlib.__version__}"
            yield Check(name, True, words)
            continue
        yield Check(name, False, "the page is not the one that the result gives")
        return
    if untold:
        words = f"{untold} is not compared: what it costs to move the index is told of the trades of a lake"
        yield Check("pages", True, words)
        return
    yield Check("pages", True, "the pages are those that the result gives, byte by byte")


def _figures(published: PublishedFolder, result: IndexResult) -> Check:
    told = {
        key: value for key, value in published.manifest.items() if key not in ("files", "format", "basketry", "pages")
    }
    fresh = {key: value for key, value in manifest(result, published.told).items() if key not in ("basketry", "pages")}
    first = published.record[0].body
    if first.get("simulated", result.panel.simulated) != result.panel.simulated:
        return Check("manifest", False, f"the record says simulated: {first['simulated']}, and the market does not")
    if told == fresh:
        return Check("manifest", True, "its figures are those of the result")
    name = next(key for key in {**told, **fresh} if told.get(key) != fresh.get(key))
    return Check("manifest", False, f"{name}: says {told.get(name)}, recomputed {fresh.get(name)}")
