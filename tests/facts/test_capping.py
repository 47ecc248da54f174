"""Capped weights of published rules, against an exact calculation by hand or in fractions."""

from fractions import Fraction

import numpy as np
import pytest

from basketry.core.errors import CapInfeasibleError
from basketry.methodology.cap_weights import cap_weights


def redistributed(raw: list[int], caps: list[Fraction]) -> list[Fraction]:
    """The rule of the providers' texts, word for word and exact: cap, share the excess pro rata, repeat."""
    weights = [Fraction(value, sum(raw)) for value in raw]
    capped = [False] * len(raw)
    while any(weight > cap for weight, cap in zip(weights, caps, strict=True)):
        for place, (weight, cap) in enumerate(zip(weights, caps, strict=True)):
            if weight >= cap:
                weights[place], capped[place] = cap, True
        left = 1 - sum(weight for weight, done in zip(weights, capped, strict=True) if done)
        free = sum(weight for weight, done in zip(weights, capped, strict=True) if not done)
        weights = [w if done else w * left / free for w, done in zip(weights, capped, strict=True)]
    return weights


def test_iterated_25_percent_cap() -> None:
    # 40/24/20/10/6 at 25%: the first pass lifts the second asset to 30%, so a second pass is needed.
    assert cap_weights([40, 24, 20, 10, 6], cap=0.25).tolist() == [0.25, 0.25, 0.25, 0.15625, 0.09375]


def test_s_and_p_capped_index_rule() -> None:
    # S&P 500 3% Capped Index (S&P Dow Jones Indices): the excess is redistributed proportionally among all
    # uncapped companies, repeated until no company exceeds the cap.
    raw = [7200, 6600, 5900, 3600, 2600] + [200 + 7 * place for place in range(95)]
    exact = redistributed(raw, [Fraction(3, 100)] * len(raw))
    assert cap_weights(raw, cap=0.03) == pytest.approx([float(weight) for weight in exact], abs=1e-15)


def test_coindesk_20_caps() -> None:
    # CoinDesk 20: the largest asset up to 30%, every other up to 20%.
    raw = [1240, 420, 128, 91, 64, 40, 22, 18, 15, 12, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3]
    caps = [Fraction(3, 10)] + [Fraction(1, 5)] * 19
    exact = redistributed(raw, caps)
    result = cap_weights(raw, cap=0.2, largest=0.3)
    assert result == pytest.approx([float(weight) for weight in exact], abs=1e-15)
    assert result[:2].tolist() == [0.3, 0.2]
    assert result[2] == pytest.approx(0.1441441441, abs=1e-9)  # 0.5 x 128/444


def test_bloomberg_galaxy_cap_and_floor_are_solved_together() -> None:
    # BGCI (2021): 35% cap, 1% floor. The floor takes what the caps freed, so λ differs from capping alone:
    # two at 35%, three at 1%, and 27% shared by 12, 6 and 2.
    result = cap_weights([600, 300, 12, 6, 2, 0.2, 0.1, 0.05], cap=0.35, floor=0.01)
    assert result == pytest.approx([0.35, 0.35, 0.162, 0.081, 0.027, 0.01, 0.01, 0.01], abs=1e-15)


def test_a_floor_pulls_an_asset_below_its_cap() -> None:
    # Capping first holds the first asset at 40%; the floors then take so much that it ends at 34%, free.
    result = cap_weights([50, 30, 15, 3, 2], cap=0.4, floor=0.15)
    assert result == pytest.approx([0.34375, 0.20625, 0.15, 0.15, 0.15], abs=1e-15)


def test_ucits_5_10_40() -> None:
    # Directive 2009/65/EC, article 52: none above 10%, those above 5% together at most 40%.
    raw = [300, 180, 120, 90, 80, 60, 50, 45, 40, 35] + [30] * 12
    result = cap_weights(raw, concentration=(0.10, 0.05, 0.40))
    assert result.max() <= 0.10
    assert result[result > 0.05 + 1e-12].sum() <= 0.40 + 1e-12
    assert (np.diff(result) <= 0).all()
    assert result.sum() == pytest.approx(1, abs=1e-12)


def test_ucits_with_sixteen_equal_shares_has_one_answer() -> None:
    # Sixteen assets are the fewest: four at 10% and twelve at 5%.
    raw = [100 - place for place in range(16)]
    assert cap_weights(raw, concentration=(0.10, 0.05, 0.40)) == pytest.approx([0.1] * 4 + [0.05] * 12)
    with pytest.raises(CapInfeasibleError, match="select at least 16 assets"):
        cap_weights(raw[:15], concentration=(0.10, 0.05, 0.40))


def test_regulated_investment_company_25_5_50() -> None:
    # US Internal Revenue Code, RIC: none above 25%, those above 5% together at most 50%.
    raw = [500, 300, 60, 50, 40, 30, 20] + [12] * 10
    result = cap_weights(raw, concentration=(0.25, 0.05, 0.50))
    assert result[:2].tolist() == [0.25, 0.25]
    assert result[result > 0.05 + 1e-12].sum() <= 0.50 + 1e-12


def test_sector_cap_shares_within_and_outside_in_proportion() -> None:
    # 60% in one sector under a 40% cap: its members keep 40 : 20, the others share 60% as 30 : 10.
    result = cap_weights([40, 20, 30, 10], groups=["l1", "l1", "defi", None], group_cap={"l1": 0.4})
    assert result == pytest.approx([0.4 * 2 / 3, 0.4 / 3, 0.45, 0.15], abs=1e-15)


def test_optimum_global_cryptoasset_index_fixes_two_weights() -> None:
    # MVIS CryptoCompare Optimum Global Cryptoasset Index (MarketVector): bitcoin 40%, ether 25%, the other 35% among
    # all others in proportion to their capitalisation, here 128, 91, 64 and 40 of 323.
    stated = [0.4, 0.25, *[float("nan")] * 4]
    result = cap_weights([1240, 420, 128, 91, 64, 40], lower=stated, upper=stated)
    exact = [Fraction(2, 5), Fraction(1, 4), *(Fraction(35, 100) * Fraction(size, 323) for size in (128, 91, 64, 40))]
    assert result == pytest.approx([float(weight) for weight in exact], abs=1e-15)


def test_infeasible_cap_states_the_arithmetic() -> None:
    with pytest.raises(CapInfeasibleError, match=r"4 assets x 0\.2 = 0\.8 < 1: raise the cap to at least 0\.25 or"):
        cap_weights([4, 3, 2, 1], cap=0.2)
