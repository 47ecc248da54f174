"""The pictures of a factsheet as SVG: levels and drawdown, weights now and through time, turnover.

They are written here, from figures, so that a page takes little time and is the same bytes wherever it is made.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import polars as pl
from markupsafe import Markup
from numpy.typing import NDArray

from basketry.core.numbers import Floats
from basketry.index.result import IndexResult
from basketry.reports.axes import (
    Scale,
    Tick,
    linear_range,
    linear_ticks,
    log_marks,
    log_range,
    log_ticks,
    percentage,
    time_ticks,
)
from basketry.reports.chart import (
    INK,
    SMALL,
    Box,
    Entry,
    area,
    bars,
    column,
    left_of,
    legend,
    line,
    shade,
    shortened,
    svg,
    text,
    time_axis,
    width_of,
    width_of_column,
    y_axis,
)
from basketry.reports.plots import (
    FALL,
    LINES,
    OTHERS,
    POINTS,
    SHADES,
    status_rows,
    thinned,
    weight_areas,
)
from basketry.reports.statistics import drawdowns

LOG_FROM = 10
"""Levels are drawn on a log scale where the largest is more than so many times the smallest."""
SHOWN = 25
"""Bars of weights, beside that of all others."""
WIDE, UPRIGHT = 684.0, 360.0
"""Units from left to right of a picture over the whole page, and of one over half of it."""
_RIGHT = 6.0
_TICKS_OF_TIME = 11


def picture_of_levels(result: IndexResult) -> Markup:
    """Return the levels of all return columns, and the drawdown of the price return under them.

    Instants whose level is not live are shaded. The scale is logarithmic where the levels above zero range over more
    than a factor of ten; a level of zero, which a leveraged index can reach, then ends its line.
    """
    levels = {name: result.level(name) for name in result.return_columns}
    scale, ticks, marks = _scale_of_levels(list(levels.values()))
    falls = drawdowns(np.where(result.level() > 0, result.level(), np.nan))
    lowest = min(-0.01, float(np.nanmin(falls)) * 1.04) if np.isfinite(falls).any() else -0.01
    fall_ticks = linear_ticks(lowest, 0.0, 5, percentage)

    colours = {name: LINES[place % len(LINES)] for place, name in enumerate(levels)}
    shaded = status_rows(result)
    entries = [Entry(name.replace("_", " "), colours[name], line=True) for name in levels]
    entries += [Entry(f"level {status}", SHADES[status]) for status in shaded]
    left = max(left_of(ticks), left_of(fall_ticks))
    said, height = legend(entries, left, WIDE - _RIGHT, 2)
    top = Box(left, height + 8, WIDE - _RIGHT, height + 262)
    bottom = Box(left, top.bottom + 14, top.right, top.bottom + 118)
    scale = Scale(scale.low, scale.high, top.bottom, top.top, scale.log)
    below = Scale(lowest, 0.0, bottom.bottom, bottom.top)
    across = _across(result.times, top)

    parts = [shade(top, *_spans(result.times, rows, across), SHADES[status]) for status, rows in shaded.items()]
    parts += y_axis(top, scale, ticks, "level, log scale" if scale.log else "level", marks=marks)
    for name, level in levels.items():
        drawn = np.where(level > 0, level, np.nan) if scale.log else level
        rows = thinned(drawn, POINTS)
        parts.append(line(across.of(_microseconds(result.times[rows])), scale.of(drawn[rows]), colours[name], 1.3))
    rows = thinned(falls, POINTS)
    x, y = across.of(_microseconds(result.times[rows])), below.of(falls[rows])
    parts += y_axis(bottom, below, fall_ticks, "drawdown")
    parts += [area(x, y, bottom.top, FALL[0]), line(x, y, FALL[1], 0.8)]
    dates = time_ticks(result.times[0], result.times[-1], _TICKS_OF_TIME)
    parts += [*time_axis(top, across, dates, WIDE, labels=False), *time_axis(bottom, across, dates, WIDE)]
    name = result.methodology.name
    return svg(WIDE, bottom.bottom + 22, f"Levels of {name}, and its drawdown under them", [*parts, *said])


def picture_of_weights(result: IndexResult) -> Markup:
    """Return the weights through time as stacked areas: the ten largest on average, and all others."""
    rows, names, weights, colours = weight_areas(result)
    ticks = linear_ticks(0.0, 1.0, 6, percentage)
    entries = [Entry(name, colour) for name, colour in zip(names, colours, strict=True)][::-1]
    wide = width_of_column(entries, 150)
    box = Box(left_of(ticks), 7, WIDE - wide - 10, 222)
    across, scale = _across(result.times, box), Scale(0.0, 1.0, box.bottom, box.top)
    x = across.of(_microseconds(result.times[rows]))
    if len(x) == 1:  # an index of one level, whose weights are those of the whole picture
        x, weights = np.array([box.left, box.right]), np.repeat(weights, 2, axis=0)
    tops = np.minimum(np.add.accumulate(weights, axis=1), 1.0)
    # The whole stack first, and each smaller one over it: between two areas nothing shines through.
    parts = [area(x, scale.of(tops[:, place]), box.bottom, colours[place]) for place in range(len(names))[::-1]]
    parts += y_axis(box, scale, ticks, "weights", grid=False)
    parts += time_axis(box, across, time_ticks(result.times[0], result.times[-1], _TICKS_OF_TIME), WIDE)
    parts += column(entries, WIDE - wide, WIDE, (box.top + box.bottom) / 2)
    return svg(WIDE, 244, f"Stacked areas of the weights of {result.methodology.name} through time", parts)


def picture_of_current_weights(name: str, weights: Mapping[str, float]) -> Markup:
    """Return current weights, of which there is one, as bars: the 25 largest, and all others.

    Args:
        name: That of the index.
        weights: By asset, the largest first.
    """
    shown, rest = _bars(weights)
    size, high = SMALL, 18.7
    left = min(150.0, max(width_of(label, size) for label, _ in shown)) + 6
    figures = [f"{weight:.2%}" for _, weight in shown]
    right = UPRIGHT - 6 - max(width_of(figure, size) for figure in figures)
    scale = Scale(0.0, max(weight for _, weight in shown), left, right)
    ends = scale.of(np.array([weight for _, weight in shown]))
    middles = 7 + high * (np.arange(len(shown), dtype=np.float64) + 0.5)
    first = np.full(len(shown), left)
    cut = len(shown) - (1 if rest else 0)
    tops, bottoms = middles - 0.35 * high, middles + 0.35 * high
    parts = [bars(first[:cut], tops[:cut], ends[:cut], bottoms[:cut], LINES[0])]
    if rest:
        parts.append(bars(first[cut:], tops[cut:], ends[cut:], bottoms[cut:], OTHERS))
    for (label, _), figure, end, middle in zip(shown, figures, ends.tolist(), middles.tolist(), strict=True):
        parts.append(text(left - 6, middle, shortened(label, left - 6, size), anchor="end", colour=INK, size=size))
        parts.append(text(end + 4, middle, figure, colour=INK, size=size))
    words = f"Bars of the current weights of {name}, the largest of which are in the table beside"
    return svg(UPRIGHT, 14 + high * len(shown), words, parts)


def picture_of_turnover(result: IndexResult, changes: pl.DataFrame) -> Markup:
    """Return the one-way turnover of each change of the basket after the base as bars.

    Args:
        result: The index.
        changes: Those that `turnovers` gives.
    """
    turnover = changes["turnover"].to_numpy()
    times = changes["effective_at"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
    planned = (changes["trigger"] == "schedule").to_numpy()
    highest = max(0.001, float(turnover.max(initial=0.0))) * 1.04
    ticks = linear_ticks(0.0, highest, 4, percentage)
    kinds = [("scheduled", LINES[0], planned), ("between schedules", LINES[1], ~planned)]
    kinds = [kind for kind in kinds if kind[2].any()]
    said, height = legend([Entry(label, colour) for label, colour, _ in kinds], left_of(ticks), WIDE - _RIGHT, 2)
    box = Box(left_of(ticks), height + 8, WIDE - _RIGHT, height + 112)
    scale, across = Scale(0.0, highest, box.bottom, box.top), _across(result.times, box)
    wide = (box.right - box.left) / 250
    parts = y_axis(box, scale, ticks, "one-way turnover")
    for _, colour, chosen in kinds:
        rows = thinned(turnover[chosen], POINTS)  # of many changes the highest, which hide the others
        middles = np.clip(across.of(_microseconds(times[chosen][rows])), box.left + wide / 2, box.right - wide / 2)
        tops = scale.of(turnover[chosen][rows])
        parts.append(bars(middles - wide / 2, tops, middles + wide / 2, np.full(len(tops), box.bottom), colour))
    parts += time_axis(box, across, time_ticks(result.times[0], result.times[-1], _TICKS_OF_TIME), WIDE)
    words = f"Bars of the one-way turnover of each change of {result.methodology.name}"
    return svg(WIDE, box.bottom + 22, words, [*parts, *said])


def _scale_of_levels(levels: list[Floats]) -> tuple[Scale, list[Tick], Floats | None]:
    """Return a scale without its place, its ticks, and the small marks of one that is logarithmic."""
    known = np.concatenate([level[np.isfinite(level)] for level in levels])
    above = known[known > 0]
    if len(above) and above.max() > LOG_FROM * above.min():
        low, high = log_range(float(above.min()), float(above.max()))
        return Scale(low, high, 0, 1, log=True), log_ticks(low, high), log_marks(low, high)
    low, high = linear_range(float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    return Scale(low, high, 0, 1), linear_ticks(low, high, 7), None


def _across(times: NDArray[np.datetime64], box: Box) -> Scale:
    """Return the scale of microseconds over a box; a single instant lies in its middle."""
    first, last = _microseconds(times[[0, -1]]).tolist()
    return Scale(first, last, box.left, box.right) if last > first else Scale(first - 1, last + 1, box.left, box.right)


def _microseconds(times: NDArray[np.datetime64]) -> Floats:
    return times.astype("datetime64[us]").astype(np.int64).astype(np.float64)


def _spans(times: NDArray[np.datetime64], rows: list[tuple[int, int]], across: Scale) -> tuple[Floats, Floats]:
    """Return where stretches of rows begin and end; each lasts until the first instant after it."""
    first, after = np.array(rows).T
    return (
        across.of(_microseconds(times[first])),
        across.of(_microseconds(times[np.minimum(after, len(times) - 1)])),
    )


def _bars(weights: Mapping[str, float]) -> tuple[list[tuple[str, float]], bool]:
    """Return labels and weights of the bars, and whether the last of them stands for all others."""
    ranked = list(weights.items())
    if len(ranked) <= SHOWN + 1:
        return ranked, False
    others = math.fsum(weight for _, weight in ranked[SHOWN:])
    return [*ranked[:SHOWN], (f"{len(ranked) - SHOWN} others", others)], True
