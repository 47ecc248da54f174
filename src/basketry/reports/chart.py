"""Marks of a chart as SVG: lines, areas, bars, texts and legends. The same figures give the same bytes.

Coordinates are in units of the picture, to two decimals; y grows downwards. Texts are in the font of the page, whose
widths are not known, so that they are taken to be a little wider than they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from markupsafe import Markup, escape

from basketry.core.numbers import Floats
from basketry.reports.axes import Scale, Tick
from basketry.reports.quality import runs

INK, SOFT, GRID, EDGE = "#1c2733", "#5b6875", "#e3e7ea", "#b9c1c8"
SIZE, SMALL = 10.0, 9.0
"""Height of a text, and of one in a legend."""
_NARROW, _BROAD = frozenset(" !'(),-./:;I[]fijlrt|"), frozenset("%&@MWmw")
ROW = 14.0
_SWATCH, _GAP = 20.0, 16.0


@dataclass(frozen=True)
class Box:
    """The rectangle in which figures are drawn."""

    left: float
    top: float
    right: float
    bottom: float


class Entry(NamedTuple):
    """One entry of a legend: what a colour means, and whether it is that of a line."""

    label: str
    colour: str
    line: bool = False


def svg(width: float, height: float, label: str, parts: Iterable[str]) -> Markup:
    """Return a picture that is as wide as its place on the page.

    Args:
        width: Units from left to right. height: Units from top to bottom.
        label: What the picture shows, for readers who do not see it.
        parts: Its marks, in the order in which they are drawn; all text in them is escaped.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {short(width)} {short(height)}" font-family="sans-serif" font-size="{SIZE:g}" fill="none">'
    )
    # The line ends as that of a drawing of Matplotlib does: around either, a page has the same text.
    return Markup("\n".join([head, *parts, "</svg>\n"]))  # noqa: S704 - `text` and this have escaped what was not written here


def short(value: float) -> str:
    """Return a coordinate with at most two decimals.

    >>> short(12.345678), short(3.0), short(-0.001)
    ('12.35', '3', '0')
    """
    return f"{round(value, 2) + 0.0:.9g}"


def shorts(values: Floats) -> list[str]:
    """Return coordinates with at most two decimals, length n.

    >>> shorts(np.array([12.345678, 3.0, -0.001]))
    ['12.35', '3', '0']
    """
    return [f"{value:.9g}" for value in (np.rint(values * 100) / 100 + 0.0).tolist()]


def width_of(words: str, size: float = SIZE) -> float:
    """Return about how wide a text is, rather too much than too little.

    Letters from outside the alphabets of Europe are taken to be as wide as they are high.
    """
    return size * sum(map(_width, words)) / 100


def _width(letter: str) -> int:
    """Return the width of a letter in hundredths of its height, whole so that sums are exact."""
    if letter in _NARROW:
        return 38
    if letter in _BROAD or letter >= "\u0590":
        return 70 if "\u2010" <= letter <= "\u218f" else 102
    return 74 if letter.isupper() else 64


def shortened(words: str, width: float, size: float = SIZE) -> str:
    """Return a text that is no wider than a width; one that is cut ends with an ellipsis.

    >>> shortened("sim-anchorage", 200), shortened("sim-anchorage", 50)
    ('sim-anchorage', 'sim-an…')
    """
    if width_of(words, size) <= width + 0.01:
        return words
    left = width - width_of("…", size)
    for count, letter in enumerate(words):
        left -= _width(letter) * size / 100
        if left < 0:
            return words[:count].rstrip() + "…"
    return words


def text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    colour: str = SOFT,
    size: float = SIZE,
    turned: bool = False,
) -> str:
    """Return a text whose middle is at a height; `turned` runs from bottom to top.

    Args:
        x: Where it starts, or has its middle or end, as `anchor` says. y: The height of its middle.
        words: The text, not escaped.
        anchor: start, middle or end.
        colour: Of the letters. size: Their height.
        turned: A quarter turn to the left.
    """
    # A third of the height is about half of that of a capital letter.
    place = f'x="{short(x)}" y="{short(y + size * 0.35)}"'
    if turned:
        place = f'transform="translate({short(x + size * 0.35)} {short(y)}) rotate(-90)"'
    anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
    sized = "" if size == SIZE else f' font-size="{size:g}"'
    return f'<text {place} fill="{colour}"{anchored}{sized}>{escape(words)}</text>'


def line(x: Floats, y: Floats, colour: str, width: float) -> str:
    """Return a line through points, length n, with a gap where y is NaN; a point between two gaps is a dot."""
    across, down = shorts(x), shorts(y)
    pieces = runs(np.isfinite(y))
    lines = (range(first, after) for first, after in pieces if after - first > 1)
    path = "".join("M" + "L".join(f"{across[place]} {down[place]}" for place in piece) for piece in lines)
    dots = "".join(f"M{across[first]} {down[first]}h0" for first, after in pieces if after - first == 1)
    style = f'stroke="{colour}" stroke-linejoin="round" stroke-linecap="round"'
    drawn = [(path, width), (dots, width * 3)]
    return "".join(f'<path d="{marks}" {style} stroke-width="{thick:g}"/>' for marks, thick in drawn if marks)


def area(x: Floats, y: Floats, base: float, colour: str) -> str:
    """Return the area between points, length n, and a height; there is none where y is NaN."""
    across, down, level = shorts(x), shorts(y), short(base)
    path = []
    for first, after in runs(np.isfinite(y)):
        points = "L".join(f"{across[place]} {down[place]}" for place in range(first, after))
        path.append(f"M{across[first]} {level}L{points}V{level}Z")
    return f'<path d="{"".join(path)}" fill="{colour}"/>'


def bars(left: Floats, top: Floats, right: Floats, bottom: Floats, colour: str) -> str:
    """Return rectangles of one colour, each array of length n."""
    sides = zip(shorts(left), shorts(top), shorts(right), shorts(bottom), strict=True)
    return f'<path d="{"".join(f"M{a} {b}H{c}V{d}H{a}Z" for a, b, c, d in sides)}" fill="{colour}"/>'


def shade(box: Box, start: Floats, end: Floats, colour: str) -> str:
    """Return spans over the whole height of a box, each as wide as can be seen; those that touch are one.

    Args:
        box: Where.
        start: Left ends, increasing. end: Right ends, as many.
        colour: Of all spans.
    """
    least = (box.right - box.left) / 700
    start = np.minimum(start, box.right - least)
    end = np.maximum(end, start + least)
    reach = np.maximum.accumulate(end)
    apart = np.flatnonzero(np.append(True, start[1:] > reach[:-1]))
    ends = reach[np.append(apart[1:], len(reach)) - 1]
    heights = np.full(len(apart), box.top), np.full(len(apart), box.bottom)
    return bars(start[apart], heights[0], ends, heights[1], colour)


def y_axis(
    box: Box, scale: Scale, ticks: Sequence[Tick], title: str, *, grid: bool = True, marks: Floats | None = None
) -> list[str]:
    """Return the vertical axis at the left of a box: lines of the grid, labels, small marks, and its title."""
    places = scale.of(np.array([tick.value for tick in ticks]))
    heights = shorts(places)
    left, right = short(box.left), short(box.right)
    parts = []
    if grid and heights:
        rules = "".join(f"M{left} {height}H{right}" for height in heights)
        parts.append(f'<path d="{rules}" stroke="{GRID}" stroke-width=".8"/>')
    spine = f"M{left} {short(box.top)}V{short(box.bottom)}H{right}"
    spine += "".join(f"M{left} {height}h-3.5" for height in heights)
    if marks is not None:
        spine += "".join(f"M{left} {height}h-2" for height in shorts(scale.of(marks)))
    parts.append(f'<path d="{spine}" stroke="{EDGE}" stroke-width=".8"/>')
    parts += [
        text(box.left - 6, float(place), tick.label, anchor="end") for place, tick in zip(places, ticks, strict=True)
    ]
    return [*parts, text(10, (box.top + box.bottom) / 2, title, anchor="middle", turned=True)]


def left_of(ticks: Sequence[Tick]) -> float:
    """Return how far from the left border a box begins, so that its title and the labels of its ticks have place."""
    return 26 + max((width_of(tick.label) for tick in ticks), default=0.0)


def time_axis(box: Box, scale: Scale, ticks: Sequence[Tick], width: float, *, labels: bool = True) -> list[str]:
    """Return marks, and labels, under a box; a label is moved into the picture, and left out where it meets another.

    Args:
        box: Over the axis.
        scale: Of microseconds.
        ticks: Increasing.
        width: That of the picture.
        labels: Whether there are labels.
    """
    places = scale.of(np.array([tick.value for tick in ticks]))
    bottom = short(box.bottom)
    marks = "".join(f"M{place} {bottom}v3.5" for place in shorts(places))
    parts = [f'<path d="{marks}" stroke="{EDGE}" stroke-width=".8"/>']
    taken = 0.0
    for place, tick in zip(places.tolist(), ticks, strict=True) if labels else ():
        half = width_of(tick.label) / 2
        middle = min(max(place, half), width - half)
        if middle - half >= taken:
            parts.append(text(middle, box.bottom + 12, tick.label, anchor="middle"))
            taken = middle + half + 4
    return parts


def legend(entries: Sequence[Entry], left: float, right: float, top: float) -> tuple[list[str], float]:
    """Return a legend in as many rows as it needs between two borders, and the height of its rows."""
    parts: list[str] = []
    x, y = left, top + ROW / 2
    for entry in entries:
        label = shortened(entry.label, min(240.0, right - left - _SWATCH), SMALL)
        wide = _SWATCH + width_of(label, SMALL)
        if x > left and x + wide > right:
            x, y = left, y + ROW
        parts += _entry(entry, label, x, y)
        x += wide + _GAP
    return parts, y + ROW / 2 - top if entries else 0.0


def column(entries: Sequence[Entry], left: float, right: float, middle: float) -> list[str]:
    """Return a legend as a column around a height, from top to bottom."""
    parts: list[str] = []
    for row, entry in enumerate(entries):
        label = shortened(entry.label, right - left - _SWATCH, SMALL)
        parts += _entry(entry, label, left, middle + (row - (len(entries) - 1) / 2) * ROW)
    return parts


def width_of_column(entries: Sequence[Entry], most: float) -> float:
    """Return how wide a legend in a column is, at most so much."""
    return min(most, _SWATCH + max((width_of(entry.label, SMALL) for entry in entries), default=0.0))


def _entry(entry: Entry, label: str, x: float, y: float) -> list[str]:
    middle, left, right = short(y), short(x), short(x + 14)
    mark = f'<path d="M{left} {short(y - 4)}H{right}V{short(y + 4)}H{left}Z" fill="{entry.colour}"/>'
    if entry.line:
        mark = f'<path d="M{left} {middle}H{right}" stroke="{entry.colour}" stroke-width="1.6"/>'
    return [mark, text(x + _SWATCH, y, label, colour=INK, size=SMALL)]
