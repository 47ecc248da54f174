"""A drawing as SVG inside a page: no dates, no random names, few digits, readable by a screen reader."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from markupsafe import Markup, escape

from basketry.reports.plots import drawing, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

T = TypeVar("T")

_USED = re.compile(r'(?:url\(#|xlink:href="#)([\w-]+)')
_TAG = re.compile(r"<[^>]+>")
_ID = re.compile(r' id="([^"]+)"')
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_PATH = re.compile(r' d="([^"]*)"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")


def inline_svg(
    draw: Callable[[Figure, T], None], subject: T, *, name: str, label: str, size: tuple[float, float]
) -> Markup:
    """Return one drawing as an SVG element.

    Args:
        draw: Draws on an empty figure.
        subject: What is drawn.
        name: Word that keeps the names inside this drawing apart from those of others on the page.
        label: What the picture shows, for readers who do not see it.
        size: Width and height in inches.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    stream = io.StringIO()
    with drawing():
        figure = new_figure(*size)
        draw(figure, subject)
        # With nothing to say, the block of metadata is still written, and is cut out below.
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = _METADATA.sub("", text[text.index("<svg") :])
    used = set(_USED.findall(text))
    text = _TAG.sub(lambda tag: _tidy(tag[0], name, used), text)
    # Matplotlib has escaped the texts within; the label is escaped here.
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))  # noqa: S704


def _tidy(tag: str, name: str, used: set[str]) -> str:
    """Return a tag with only the ids that are used, each under `name`, and no more digits than can be seen."""
    tag = _ID.sub(lambda match: f' id="{name}-{match[1]}"' if match[1] in used else "", tag)
    tag = _USED.sub(lambda match: match[0][: -len(match[1])] + f"{name}-{match[1]}", tag)
    return _PATH.sub(lambda match: f' d="{_DECIMALS.sub(_cut, match[1])}"', tag)


def _cut(match: re.Match[str]) -> str:
    return match[1].rstrip("0").rstrip(".")
