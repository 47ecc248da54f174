"""From a venue's symbol to the stable ids of its pair."""

from __future__ import annotations

import re
from collections.abc import Mapping

from basketry.core.errors import DataError

_RENAMED = {"xbt": "btc", "xdg": "doge"}
# Currencies, stablecoins, and coins that others are priced in.
# fmt: off
_QUOTES = frozenset({
    "usd", "eur", "gbp", "jpy", "aud", "cad", "chf", "krw", "try", "brl", "ars", "mxn", "cop", "pln", "ron", "czk",
    "ngn", "uah", "rub", "zar", "sgd", "hkd", "idr", "inr", "aed",
    "usdt", "usdc", "fdusd", "tusd", "busd", "pyusd", "rlusd", "usdp", "usds", "usde", "usd1", "dai",
    "eurc", "euri", "eurt", "idrt", "bidr", "btc", "xbt", "eth", "bnb",
})
# fmt: on

_NEVER_QUOTES: Mapping[str, frozenset[str]] = {
    "binance": frozenset({"usd", "xbt"}),
    "binance-us": frozenset({"fdusd", "tusd", "xbt"}),
    **{
        venue: frozenset({"fdusd", "tusd", "busd", "bnb", "idrt", "bidr"})
        for venue in ("binance-delivery", "bitfinex", "bitstamp", "coinbase", "gemini", "itbit", "kraken")
    },
}
"""Quotes that a venue does not have, so that DOTUSD is DOT-USD and not DO-TUSD there."""

_KIND = re.compile(r"[-_.](PERP|SWAP|PERPETUAL)$")
_KRAKEN_LEGACY = re.compile(r"^[xz]([a-z0-9]{3})[xz]([a-z0-9]{3})$")
_BITFINEX = re.compile(r"^t[A-Z0-9:]{6,}$")
_ID = re.compile(r"^[a-z0-9._$-]+$")


def parse_symbol(venue: str, symbol: str, *, aliases: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return the stable ids of base and quote of a symbol.

    An id is the ticker in lower case unless `aliases` names another; XBT is btc and XDG is doge everywhere. An ending
    such as _PERP or -SWAP is not part of the pair. A multiple such as 1000SHIB is an asset of its own, as one unit of
    it is not one unit of shib.

    Args:
        venue: Stable id of the venue.
        symbol: What the venue calls the pair, for example BTCUSDT, BTC-USD, XBT/USD, XXBTZUSD, tBTCUSD.
        aliases: Stable id by ticker, in lower or upper case.

    Raises:
        DataError: The symbol is not a pair, or can be split in several ways.

    >>> parse_symbol("binance", "BTCUSDT"), parse_symbol("kraken", "XXBTZUSD"), parse_symbol("gemini", "dotusd")
    (('btc', 'usdt'), ('btc', 'usd'), ('dot', 'usd'))
    >>> parse_symbol("coinbase", "BTC-USD", aliases={"btc": "bitcoin"})
    ('bitcoin', 'usd')
    """
    known = {name.lower(): asset for name, asset in (aliases or {}).items()}
    text = symbol.strip()
    if _BITFINEX.match(text):
        text = text[1:]
    text = _KIND.sub("", text.upper())
    parts = [part.lower() for part in re.split(r"[-/_:]", text)]
    splits = _splits(venue, parts[0], known) if len(parts) == 1 else _separated(parts, known)
    pairs = {(_identify(venue, base, known), _identify(venue, quote, known)) for base, quote in splits}
    if len(pairs) == 1:
        base, quote = pairs.pop()
        if _ID.match(base) and _ID.match(quote) and base != quote:
            return base, quote
    ways = " or ".join(f"{base}-{quote}" for base, quote in sorted(pairs))
    what = f"can be {ways}" if len(pairs) > 1 else "is not a pair of a base and a known quote"
    raise DataError(f"symbol {symbol!r} of {venue} {what}; say which pair it is with --pair BASE-QUOTE")


def _identify(venue: str, ticker: str, known: Mapping[str, str]) -> str:
    if ticker in known:
        return known[ticker]
    if venue == "bitfinex" and ticker in ("ust", "udc"):
        return {"ust": "usdt", "udc": "usdc"}[ticker]
    return known.get(_RENAMED.get(ticker, ticker), _RENAMED.get(ticker, ticker))


def _separated(parts: list[str], known: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return base and quote of a symbol that separates them; the date of a future (BTCUSDT_240628) is no quote."""
    if len(parts) != 2:
        return []
    base, quote = parts
    return [(base, quote)] if quote in _QUOTES or quote in known or quote.isalpha() else []


def _splits(venue: str, whole: str, known: Mapping[str, str]) -> list[tuple[str, str]]:
    legacy = _KRAKEN_LEGACY.match(whole)
    if venue == "kraken" and legacy:
        return [(legacy[1], legacy[2])]
    quotes = _QUOTES - _NEVER_QUOTES.get(venue, frozenset())
    if venue == "bitfinex":
        quotes |= {"ust", "udc"}
    found = [(whole[: -len(quote)], quote) for quote in quotes if whole.endswith(quote) and len(whole) > len(quote)]
    if len(found) > 1:
        # Of several ways that one counts whose base is a ticker already known.
        familiar = [(base, quote) for base, quote in found if base in known]
        return familiar or found
    return found
