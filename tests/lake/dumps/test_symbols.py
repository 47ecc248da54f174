"""Venues' symbols, as their own documentation spells them, and what cannot be told."""

import pytest

from basketry.core.errors import DataError
from basketry.lake.dumps import parse_symbol


@pytest.mark.parametrize(
    ("venue", "symbol", "pair"),
    [
        ("binance", "BTCUSDT", "btc-usdt"),
        ("binance", "ETHBTC", "eth-btc"),
        ("binance", "BTCFDUSD", "btc-fdusd"),
        ("binance", "BTCTUSD", "btc-tusd"),
        ("binance", "1000SATSUSDT", "1000sats-usdt"),
        ("binance", "WLFIUSD1", "wlfi-usd1"),
        ("binance-delivery", "BTCUSD_PERP", "btc-usd"),
        ("binance-delivery", "DOTUSD_PERP", "dot-usd"),
        ("binance-us", "BTCUSD", "btc-usd"),
        ("bitfinex", "tBTCUSD", "btc-usd"),
        ("bitfinex", "tBTCUST", "btc-usdt"),
        ("bitfinex", "tDOGE:USD", "doge-usd"),
        ("bitstamp", "btcusd", "btc-usd"),
        ("coinbase", "BTC-USD", "btc-usd"),
        ("gemini", "dotusd", "dot-usd"),
        ("kraken", "XBTUSD", "btc-usd"),
        ("kraken", "XXBTZUSD", "btc-usd"),
        ("kraken", "XBT/USD", "btc-usd"),
        ("kraken", "XETHXXBT", "eth-btc"),
        ("kraken", "XDGUSD", "doge-usd"),
        ("kraken", "DOTUSD", "dot-usd"),
        ("okex-swap", "BTC-USDT-SWAP", "btc-usdt"),
    ],
)
def test_the_pair_of_a_symbol(venue: str, symbol: str, pair: str) -> None:
    assert "-".join(parse_symbol(venue, symbol)) == pair


@pytest.mark.parametrize(
    ("venue", "symbol", "said"),
    [
        ("elsewhere", "DOTUSD", "can be do-tusd or dot-usd; say which pair it is with --pair BASE-QUOTE"),
        ("binance", "BTCUSDT_240628", "is not a pair"),
        ("deribit", "BTC-28JUN24", "is not a pair"),
        ("deribit", "BTC-PERPETUAL", "is not a pair"),
        ("okex-futures", "BTC-USD-240628", "is not a pair"),
        ("coinbase", "USD-USD", "is not a pair"),
        ("coinbase", "-USD", "is not a pair"),
        ("coinbase", "../X-USD", "is not a pair"),
        ("binance", "USDT", "is not a pair"),
        ("binance", "", "is not a pair"),
    ],
)
def test_what_is_no_pair_or_two_is_an_error(venue: str, symbol: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_symbol(venue, symbol)


def test_aliases_name_assets_and_tell_between_pairs() -> None:
    assert parse_symbol("elsewhere", "DOTUSD", aliases={"DOT": "polkadot"}) == ("polkadot", "usd")
    assert parse_symbol("kraken", "XBTUSD", aliases={"btc": "bitcoin"}) == ("bitcoin", "usd")
