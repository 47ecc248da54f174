"""Formulas of rules, written in plain Unicode, as HTML with subscripts and superscripts."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# What follows an underscore or a caret: something in brackets, or a short word with an optional shift in time.
_INDEX = (
    r"\((?P<round{n}>[^()]*)\)|\{{(?P<curly{n}>[^{{}}]*)\}}|(?P<word{n}>[A-Za-z0-9]+(?:,[a-z0-9]+)?(?:[-−][a-z0-9]\b)?)"
)
_TOKEN = re.compile(
    rf"(?:(?<![a-z])|(?<=\b[a-z])|(?<=\bmax)|(?<=\bmin))_(?:{_INDEX.format(n='_sub')})"
    rf"|\^(?:{_INDEX.format(n='_sup')})"
    r"|(?P<letter>(?<![A-Za-z_])[A-Za-z](?![A-Za-z]))"
    r"|(?P<minus> - )"
)


def formula_html(text: str) -> Markup:
    """Return a formula as HTML: x_i with a subscript, x^2 with a superscript, single letters in italics.

    Parts that a semicolon separates come on lines of their own. Everything else is shown as it is written.

    >>> print(formula_html("w_i = (P_i S_i)^p / Σ_j P_(j-1)"))
    <i>w</i><sub><i>i</i></sub> = (<i>P</i><sub><i>i</i></sub> ... <i>P</i><sub><i>j</i>−1</sub>
    >>> print(formula_html("t(first price) < x & <b>"))
    <i>t</i>(first price) &lt; <i>x</i> &amp; &lt;<i>b</i>&gt;
    """
    lines = [_line(part) for part in text.split("; ")]
    return Markup("<br>").join(lines)


def _line(text: str) -> Markup:
    done, place = Markup(""), 0
    for match in _TOKEN.finditer(text):
        done += escape(text[place : match.start()]) + _marked(match)
        place = match.end()
    return done + escape(text[place:])


def _marked(match: re.Match[str]) -> Markup:
    if match["letter"]:
        return Markup("<i>{}</i>").format(match["letter"])
    if match["minus"]:
        return Markup(" − ")
    for tag in ("sub", "sup"):
        index = match[f"round_{tag}"] or match[f"curly_{tag}"] or match[f"word_{tag}"]
        if index:
            pair = re.fullmatch("[a-z]{2}", index)  # two indices, as in P_it
            inner = Markup("<i>{}</i>").format(index) if pair else _line(index.replace("-", "−"))
            return Markup("<sub>{}</sub>").format(inner) if tag == "sub" else Markup("<sup>{}</sup>").format(inner)
    return escape(match[0])
