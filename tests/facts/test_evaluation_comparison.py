"""Concentration, active share, attribution, impact and concordance against published numbers."""

from __future__ import annotations

import numpy as np
import pytest

from basketry.evaluation.attribution import brinson
from basketry.evaluation.comparison import rank_stability
from basketry.evaluation.concentration import effective_number, herfindahl, risk_shares
from basketry.evaluation.iosco import PRINCIPLES
from basketry.evaluation.liquidity import CostModel
from basketry.evaluation.overlap import overlap


@pytest.mark.parametrize(
    ("shares", "points"),
    [
        # US Department of Justice and Federal Trade Commission: four firms of 30, 30, 20 and 20 per cent.
        ([30, 30, 20, 20], 2600),
        # OnLineTexts, Antitrust: three and four firms.
        ([60, 30, 10], 4600),
        ([40, 30, 20, 10], 3000),
        ([25, 25, 25, 25], 2500),
        # Investopedia, Herfindahl-Hirschman Index: eight participants.
        ([10, 9, 12, 15, 12, 11, 15, 16], 1296),
        # Collegedunia, an industry with six firms.
        ([30, 20, 15, 15, 10, 10], 1950),
    ],
)
def test_published_herfindahl_indices(shares: list[float], points: int) -> None:
    assert herfindahl(shares) * 10_000 == pytest.approx(points, abs=1e-9)


def test_effective_number_of_equal_firms() -> None:
    # The numbers-equivalent of a market of n equal firms is n (Adelman 1969): 2,500 points are four firms.
    assert effective_number([25, 25, 25, 25]) == 4
    assert effective_number([60, 30, 10]) == pytest.approx(10_000 / 4600)


def test_active_share_of_cremers_and_petajisto() -> None:
    # 2009, section 1: an investor with the index of 500 equal stocks keeps half of them: 50%; fifty of them: 90%.
    index = {f"s{place:03d}": 1 / 500 for place in range(500)}
    for kept, active in ((250, 0.5), (50, 0.9)):
        fund = dict.fromkeys(list(index)[:kept], 1 / kept)
        found = overlap(fund, index)
        assert found.active_share == pytest.approx(active, abs=1e-12)
        assert found.overlap == pytest.approx(1 - active, abs=1e-12)


def test_brinson_attribution_of_the_three_markets() -> None:
    # Bacon, Practical Portfolio Performance Measurement and Attribution, chapter 5: UK, Japan and US equities; the
    # portfolio returned 8.3%, the benchmark 6.4%.
    found = brinson([0.4, 0.3, 0.3], [0.4, 0.2, 0.4], [0.20, -0.05, 0.06], [0.10, -0.04, 0.08])
    np.testing.assert_allclose(found.allocation, [0.0, -0.0104, -0.0016], atol=1e-12)
    np.testing.assert_allclose(found.selection, [0.04, -0.002, -0.008], atol=1e-12)
    np.testing.assert_allclose(found.interaction, [0.0, -0.001, 0.002], atol=1e-12)
    assert found.total == pytest.approx(0.083 - 0.064, abs=1e-12)


def test_two_assets_of_equal_risk_but_for_their_weights() -> None:
    # With no correlation, shares of risk are those of w² σ²: 60 and 40 per cent at equal volatility give 36 to 16.
    np.testing.assert_allclose(risk_shares([0.6, 0.4], np.eye(2)), [36 / 52, 16 / 52], atol=1e-15)


def test_impact_of_one_per_cent_of_the_volume() -> None:
    # The square-root law with Y = 1: a hundredth of the daily volume costs a tenth of the daily volatility.
    cost = CostModel(half_spread=0.0, fee=0.0).of([1e6], [1e8], [0.02])
    assert cost[0] / 1e6 == pytest.approx(0.02 / 10)
    assert CostModel(0.0, 0.0).of([4e6], [1e8], [0.02])[0] / 4e6 == pytest.approx(2 * 0.02 / 10)


def test_concordance_of_four_raters_of_strawberries() -> None:
    # InfluentialPoints, Coefficient of concordance, worked example I: sum of squares 500, W = 0.744.
    ranks = np.array(
        [
            [8, 4, 2, 3, 5, 1, 6, 7],
            [7, 3, 1, 4, 5, 2, 6, 8],
            [8, 2, 5, 6, 7, 1, 4, 3],
            [8, 3, 4, 2, 5, 1, 6, 7],
        ]
    )
    assert ranks.sum(axis=0).tolist() == [31, 12, 12, 15, 22, 5, 22, 25]
    found = rank_stability(-ranks, ["A", "B", "C", "D"])
    assert round(found.concordance, 3) == 0.744
    assert found.concordance == pytest.approx(500 / (504 * 16 / 12), abs=1e-15)


def test_iosco_names_nineteen_principles() -> None:
    # Final Report FR07/13 (July 2013), chapter 2.
    titles = {principle.number: principle.title for principle in PRINCIPLES}
    assert len(titles) == 19
    assert (titles[6], titles[7], titles[13]) == ("Benchmark design", "Data sufficiency", "Transition")
    assert titles[14].startswith("Submitter code")
    assert titles[18] == "Audit trail"
