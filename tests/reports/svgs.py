"""Reads a picture as SVG: all points of its marks, and the rectangles that its texts take."""

import re
from dataclasses import dataclass
from itertools import combinations
from xml.etree import ElementTree

import numpy as np

from basketry.reports.chart import width_of

_STEP = re.compile(r"([MLHVZhv])([^MLHVZhv]*)")


@dataclass(frozen=True)
class Word:
    """A text with the rectangle that it takes, if letters are as wide as the widths that the chart reckons with."""

    words: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Word") -> bool:
        """Whether two texts lie over one another; a twentieth of a unit is rounding."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0.05 and down > 0.05


class Picture:
    """A picture that was read; it must be well-formed."""

    def __init__(self, svg: str) -> None:
        self.root = ElementTree.fromstring(svg)  # noqa: S314 - made by the test
        self.view = [float(number) for number in str(self.root.get("viewBox")).split()]
        self.label = self.root.get("aria-label")
        self.paths = [path for path in self.root if path.tag.endswith("path")]
        self.words = [_word(text) for text in self.root if text.tag.endswith("text")]
        assert len(self.paths) + len(self.words) == len(self.root)

    def coloured(self, colour: str) -> list[list[tuple[float, float]]]:
        """Return the points of each path of a colour."""
        return [points(str(path.get("d"))) for path in self.paths if colour in (path.get("stroke"), path.get("fill"))]

    @property
    def texts(self) -> list[str]:
        """All texts, in the order in which they are drawn."""
        return [word.words for word in self.words]

    def faults(self) -> list[str]:
        """Return what is not finite, has more than two decimals, or lies outside, and which texts meet."""
        _, _, width, height = self.view
        found = [f"{word} is outside" for word in self.words if word.left < -0.05 or word.right > width + 0.05]
        found += [f"{word} is outside" for word in self.words if word.top < -0.05 or word.bottom > height + 0.05]
        found += [f"{one} meets {other}" for one, other in combinations(self.words, 2) if one.meets(other)]
        for path in self.paths:
            marks = str(path.get("d"))
            found += [f"{number} has too many digits" for number in re.findall(r"-?\d+\.\d{3,}|e|nan|inf", marks)]
            places = np.array(points(marks)).reshape(-1, 2)
            if not np.isfinite(places).all() or (places < 0).any() or (places > [width, height]).any():
                found.append(f"a point is outside: {marks[:200]}")
        return found


def points(marks: str) -> list[tuple[float, float]]:
    """Return the points of a path.

    >>> points("M1 2L3 4H5V6Zh-1")
    [(1.0, 2.0), (3.0, 4.0), (5.0, 4.0), (5.0, 6.0), (4.0, 6.0)]
    """
    found: list[tuple[float, float]] = []
    x = y = 0.0
    for step, numbers in _STEP.findall(marks):
        values = [float(number) for number in numbers.split()]
        if step in "ML":
            x, y = values
        elif step in "Hh":
            x = values[0] + (x if step == "h" else 0)
        elif step in "Vv":
            y = values[0] + (y if step == "v" else 0)
        if step != "Z":
            found.append((x, y))
    return found


def _word(text: ElementTree.Element) -> Word:
    words = text.text or ""
    size = float(text.get("font-size", "10"))
    wide = width_of(words, size)
    before = {"start": 0.0, "middle": wide / 2, "end": wide}[text.get("text-anchor", "start")]
    turned = text.get("transform")
    if turned is None:
        x, y = float(str(text.get("x"))), float(str(text.get("y")))
        return Word(words, x - before, y - 0.75 * size, x - before + wide, y + 0.2 * size)
    match = re.fullmatch(r"translate\((\S+) (\S+)\) rotate\(-90\)", turned)
    assert match is not None
    x, y = float(match[1]), float(match[2])
    return Word(words, x - 0.75 * size, y + before - wide, x + 0.2 * size, y + before)
