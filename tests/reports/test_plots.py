"""Pictures: what is drawn, and the same bytes each time."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from basketry.index.result import IndexResult
from basketry.reports.plots import (
    draw_drawdown,
    draw_weights,
    plot_index,
    save_picture,
    thinned,
)
from basketry.reports.svg import inline_svg


def texts(figure: Figure) -> str:
    parts = [figure.get_suptitle()]
    for axes in figure.axes:
        parts += [axes.get_title(loc) for loc in ("left", "right")] + [axes.get_ylabel()]
        legend = axes.get_legend()
        parts += [text.get_text() for text in legend.get_texts()] if legend else []
    return " | ".join(parts)


def test_the_picture_of_an_index(result: IndexResult) -> None:
    figure = plot_index(result)
    assert len(figure.axes) == 3
    assert figure.axes[0].get_yscale() == "log"
    line = figure.axes[0].get_lines()[0]
    assert line.get_ydata() == pytest.approx(result.level())
    seen = texts(figure)
    for text in ("Three of Six", "price return", "leverage 2x", "drawdown", "coin-d", "cash", "level carried"):
        assert text in seen
    assert "simulated" not in seen
    simulated = replace(result, panel=replace(result.panel, simulated=True, _memory={}))
    assert "simulated market" in texts(plot_index(simulated))


def test_a_picture_is_the_same_bytes_each_time(result: IndexResult, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save_picture(result, tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert content[:4] == b"\x89PNG"
    assert content == (tmp_path / "b.png").read_bytes()


def test_a_level_of_zero_ends_its_line(result: IndexResult) -> None:
    levels = result.level("leverage_2x").copy()
    levels[50:] = 0
    dead = replace(result, levels=result.levels.with_columns(pl.Series("leverage_2x", levels)))
    drawn = plot_index(dead).axes[0].get_lines()[1].get_ydata()
    assert np.isnan(np.asarray(drawn)[50:]).all()


def falls_of(figure: Figure, result: IndexResult) -> None:
    draw_drawdown(figure.subplots(), result)


def test_an_svg_is_well_formed_named_and_without_a_date(result: IndexResult) -> None:
    first = inline_svg(falls_of, result, name="one", label='Falls of "A" & <B>', size=(6, 4))
    root = ElementTree.fromstring(first)  # noqa: S314
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'Falls of "A" & <B>'
    assert "<metadata" not in first
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    assert ids
    assert all(str(name).startswith("one-") for name in ids)
    second = inline_svg(
        lambda figure, index: draw_weights(figure.subplots(), index), result, name="two", label="w", size=(6, 4)
    )
    assert not ids & {element.get("id") for element in ElementTree.fromstring(second).iter()} - {None}  # noqa: S314


def test_a_thinned_line_keeps_its_extremes() -> None:
    values = np.random.default_rng(1).normal(size=10_001)
    values[[17, 5_000, 9_999]] = [9.0, -9.0, np.nan]
    rows = thinned(values, 200)
    assert len(rows) <= 200
    assert (np.diff(rows) > 0).all()
    assert {17, 5_000} <= set(rows.tolist())
    assert thinned(values[:50], 200).tolist() == list(range(50))
