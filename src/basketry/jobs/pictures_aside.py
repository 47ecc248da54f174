"""Pictures of a page that are not compared: they must draw and do nothing else."""

from __future__ import annotations

import re
from xml.etree import ElementTree

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_TAGS = frozenset({
    "svg", "g", "defs", "style", "path", "use", "clipPath", "rect", "text", "tspan", "circle", "line", "polyline",
    "polygon",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "id", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height",
    "points", "transform", "style", "clip-path", "viewBox", "version", "type", "role", "aria-label", "aria-hidden",
    "preserveAspectRatio",
})  # fmt: skip
_RULES = "*{stroke-linejoin: round; stroke-linecap: butt}"
"""The style sheet that Matplotlib writes. Any other would hold for all of the page."""
_STYLE = re.compile(r"\s*(?:(?:fill|stroke|font|text-anchor|opacity)[a-z-]*\s*:[\w\s#.,%'\"-]*(?:;\s*|$))*", re.ASCII)


def fault_of_picture(text: str) -> str | None:
    """Return in words that an SVG element is not well formed, or more than a drawing; None where it is one.

    A drawing is of shapes and words: no scripts, handlers, foreign content, links or styles that reach the page.

    >>> fault_of_picture('<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 0" style="fill: none"/></svg>') is None
    True
    >>> fault_of_picture('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>')
    "a picture is more than a drawing: the attribute 'onload'"
    """
    # What is a comment to one reader of a page is none to another; drawings have neither these nor instructions.
    if "<!" in text or "<?" in text:
        return "a picture is more than a drawing: it holds a comment or an instruction"
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except ElementTree.ParseError as error:
        return f"a picture is not well formed: {error}"
    for element in root.iter():
        tag = str(element.tag).removeprefix(_SVG)
        if tag not in _TAGS or not str(element.tag).startswith(_SVG):
            return f"a picture is more than a drawing: the element {tag!r}"
        if tag == "style" and (element.text or "").strip() != _RULES:
            return "a picture is more than a drawing: a style sheet"
        odd = next((name for name, value in element.attrib.items() if not _is_plain(name, value)), None)
        if odd is not None:
            return f"a picture is more than a drawing: the attribute {odd!r}"
    return None


def _is_plain(name: str, value: str) -> bool:
    if name in ("href", _LINK):
        return value.startswith("#")
    if name == "style":
        return _STYLE.fullmatch(value) is not None
    if name == "clip-path":
        return re.fullmatch(r"url\(#[\w-]+\)", value, re.ASCII) is not None
    return name in _ATTRIBUTES
