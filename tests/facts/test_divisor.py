"""Divisor mathematics against worked examples; the figures are those of the cases named in each test."""

from basketry.index.divisor import base_divisor, basket_value, chained_divisor, index_level


def test_continuity_on_a_replacement() -> None:
    """A member is replaced at 1066.67: value 3200 before, 3600 after, divisor 3 becomes 3.375 (rule of CMBI, CRIX)."""
    before, after = basket_value([12, 18, 55], [100, 50, 20]), basket_value([12, 18, 5], [100, 50, 300])
    assert (before, after) == (3200.0, 3600.0)
    divisor = chained_divisor(3.0, before, after)
    assert divisor == 3.375
    assert index_level([12, 18, 55], [100, 50, 20], 3.0) == index_level([12, 18, 5], [100, 50, 300], divisor)


def test_base_of_a_thousand() -> None:
    """CRIX and the Nasdaq Crypto Index: the first divisor is the first value over 1000."""
    assert base_divisor([100.0, 10.0], [1, 10], 1000.0) == 0.2
