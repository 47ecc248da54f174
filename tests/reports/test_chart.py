"""Marks of a chart by hand: paths, spans, legends, and texts that are escaped and fit."""

from xml.etree import ElementTree

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reports.svgs import Picture

from basketry.reports.axes import Scale, Tick
from basketry.reports.chart import (
    Box,
    Entry,
    area,
    bars,
    column,
    legend,
    line,
    shade,
    shortened,
    svg,
    text,
    time_axis,
    width_of,
)

BOX = Box(0.0, 10.0, 700.0, 20.0)
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60)


def path_of(mark: str) -> str:
    return str(ElementTree.fromstring(mark).get("d"))  # noqa: S314 - made by the test


def test_a_line_breaks_where_there_is_no_value_and_a_point_alone_is_a_dot() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    y = np.array([10.0, 20.126, np.nan, 7.0, np.nan, np.inf])
    joined, dot = ElementTree.fromstring(f"<g>{line(x, y, '#000', 1.5)}</g>")  # noqa: S314 - made by the test
    assert (joined.get("d"), joined.get("stroke-width")) == ("M0 10L1 20.13", "1.5")
    assert (dot.get("d"), dot.get("stroke-width"), dot.get("stroke-linecap")) == ("M3 7h0", "4.5", "round")
    assert line(x, np.full(6, np.nan), "#000", 1) == ""


def test_an_area_is_closed_at_its_base() -> None:
    x, y = np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0, np.nan])
    assert path_of(area(x, y, 9, "#000")) == "M0 9L0 5L1 6V9Z"


def test_bars_are_rectangles() -> None:
    one, two = np.array([1.0, 3.0]), np.array([2.0, 4.0])
    assert path_of(bars(one, one, two, two, "#000")) == "M1 1H2V2H1ZM3 3H4V4H3Z"


def test_spans_that_touch_are_one_and_the_smallest_can_be_seen() -> None:
    # A unit is the least: [100, 100.5] is seen as [100, 101], which touches [101, 102]; the last ends at the border.
    start, end = np.array([5.0, 100.0, 101.0, 700.0]), np.array([50.0, 100.5, 102.0, 700.0])
    assert path_of(shade(BOX, start, end, "#000")) == "M5 10H50V20H5ZM100 10H102V20H100ZM699 10H700V20H699Z"
    inside = np.array([5.0, 6.0, 8.0]), np.array([9.0, 7.0, 10.0])
    assert path_of(shade(BOX, *inside, "#000")) == "M5 10H10V20H5Z"


def test_texts_and_the_label_are_escaped() -> None:
    drawn = svg(100, 50, 'a "b" <c> & d', [text(5, 5, '<i>&"x"')])
    assert 'aria-label="a &#34;b&#34; &lt;c&gt; &amp; d"' in drawn
    assert "&lt;i&gt;&amp;&#34;x&#34;</text>" in drawn
    picture = Picture(drawn)
    assert picture.label == 'a "b" <c> & d'
    assert picture.texts == ['<i>&"x"']
    assert picture.root.get("role") == "img"
    assert picture.view == [0, 0, 100, 50]
    # Around a drawing of Matplotlib, as older folders have them, the text of a page is the same.
    assert drawn.endswith("</svg>\n")


@given(NAMES, st.floats(0, 400))
def test_a_shortened_text_fits_and_is_what_it_was_where_it_did(words: str, width: float) -> None:
    short = shortened(words, width)
    if width_of(words) <= width:
        assert short == words
    else:
        assert short.endswith("…")
        assert words.startswith(short.removesuffix("…"))
        assert width_of(short) <= max(width, width_of("…"))


def test_letters_of_other_scripts_are_broad() -> None:
    assert width_of("比特币", 10) > 30
    assert width_of("iii", 10) < width_of("abc", 10) < width_of("ABC", 10) < width_of("WWW", 10)


@settings(deadline=None)
@given(st.lists(NAMES, max_size=14))
def test_a_legend_wraps_and_stays_within_its_borders(names: list[str]) -> None:
    entries = [Entry(name, "#123456", line=len(name) % 2 == 0) for name in names]
    parts, height = legend(entries, 20, 300, 0)
    assert Picture(svg(300, height, "legend", parts)).faults() == []
    assert Picture(svg(150, 14 * len(names) + 2, "column", column(entries, 20, 150, 7 * len(names)))).faults() == []


def test_labels_of_time_stay_in_the_picture_and_apart() -> None:
    ticks = [Tick(value, "2020-01-01") for value in (0.0, 30.0, 100.0, 200.0)]
    box = Box(0, 0, 200, 50)
    drawn = Picture(svg(204, 70, "axis", time_axis(box, Scale(0, 200, 0, 200), ticks, 204)))
    assert drawn.faults() == []
    assert len(drawn.texts) == 3
    bare = Picture(svg(204, 70, "axis", time_axis(box, Scale(0, 200, 0, 200), ticks, 204, labels=False)))
    assert bare.texts == []
    assert len(bare.coloured("#b9c1c8")[0]) == 8
