"""Trading on named venues against named currencies."""

from datetime import timedelta

import numpy as np
from pydantic import Field, model_validator

from basketry.core.errors import DataError, MethodologyError, nearest_hint
from basketry.core.numbers import Floats
from basketry.core.rule import Reads
from basketry.market.panel import Panel
from basketry.market.statistics import window_statistic
from basketry.methodology.metrics import VENUE_VOLUME, venue_volume
from basketry.methodology.universe import UNIVERSE
from basketry.methodology.universe._bounds import Bounded
from basketry.methodology.universe._window import DAY


@UNIVERSE.register("venues")
class Venues(Bounded):
    """Keep assets that trade on enough of some venues against some currencies.

    The figure is the number of the venues on which the asset traded against at least one of the currencies: the
    metrics `volume@VENUE/QUOTE`, the value traded in a UTC day, that are above 0. A venue without a figure does not
    count.

    Attributes:
        any_of: Ids of the venues, such as coinbase; capital letters count as small ones.
        quotes: Ids of the currencies that prices are in, such as usd; likewise.

    >>> Venues(any_of=["coinbase", "kraken", "gemini"], quotes=["usd", "usdc"], min=2, window="90d", days=1).words()
    'The number of venues of coinbase, kraken, gemini on which it trades against usd, usdc is at least 2 on every day
    of 90 days.'
    """

    source = (
        "Nasdaq Crypto Index methodology: tradable against USD or USDC on three core exchanges since the last review"
    )

    any_of: tuple[str, ...] = Field(min_length=1)
    quotes: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _enough(self) -> "Venues":
        if len({venue.lower() for venue in self.any_of}) < len(self.any_of):
            raise MethodologyError(f"{self.name}.any_of: a venue stands twice in {', '.join(self.any_of)}")
        if self.min is not None and self.min > len(self.any_of):
            raise MethodologyError(f"{self.name}.min: {self.min:g} is above the {len(self.any_of)} venues of any_of")
        return self

    @property
    def fields(self) -> tuple[str, ...]:
        """The metrics that are read."""
        return tuple(venue_volume(venue, quote) for venue in self.any_of for quote in self.quotes)

    @property
    def reads(self) -> Reads:
        """The metrics, of which some may be missing."""
        return Reads(optional=self.fields)

    def latest(self, view: Panel) -> Floats:
        """Return the number of venues at the last row: what a metric was before it ended counts no more."""
        return self.rows(view, DAY)[-1]

    def rows(self, view: Panel, length: timedelta) -> Floats:
        """Return the number of venues at each row of a window."""
        _require(view, *(tuple(map(str.lower, names)) for names in (self.any_of, self.quotes)))
        count, known = 0.0, np.False_
        for venue in self.any_of:
            names = [venue_volume(venue, quote) for quote in self.quotes]
            volumes = [view.window(name, length) for name in names if name in view.fields]
            if volumes:
                count = count + np.any([volume > 0 for volume in volumes], axis=0)
                known = known | np.any([~np.isnan(volume) for volume in volumes], axis=0)
        return np.where(known, count, np.nan)

    def summary(self, view: Panel, length: timedelta, statistic: str) -> Floats:
        """Return a statistic of the number of venues."""
        return window_statistic(self.rows(view, length), statistic)

    def words(self) -> str:
        """Return the rule as a sentence."""
        venues, quotes = ", ".join(self.any_of), ", ".join(self.quotes)
        return self.sentence(f"number of venues of {venues} on which it trades against {quotes}")


def _require(view: Panel, venues: tuple[str, ...], quotes: tuple[str, ...]) -> None:
    """Raise DataError where the data hold nothing of a venue, or nothing in any of the currencies."""
    held = [name.removeprefix(VENUE_VOLUME).partition("/")[::2] for name in view.fields if VENUE_VOLUME in name]
    known = sorted({venue for venue, _ in held})
    write = "`basketry price volumes` writes such metrics from the trades of a lake"
    for venue in venues:
        if venue not in known:
            raise DataError(
                f"the data hold no value traded on the venue {venue!r}{nearest_hint(venue, known)}; "
                f"venues: {', '.join(known) or 'none'}; {write}"
            )
    known = sorted({quote for venue, quote in held if venue in venues})
    if not set(quotes) & set(known):
        raise DataError(
            f"the data hold no value traded against {' or '.join(quotes)} on {', '.join(venues)}"
            f"{nearest_hint(quotes[0], known)}; currencies: {', '.join(known)}; {write}"
        )
