"""One order for trades of one microsecond."""

from __future__ import annotations

from typing import Any

from basketry.core.compiled import kernel


@kernel(nogil=True)
def sort_ties(time: Any, price: Any, size: Any) -> None:
    """Order trades of one instant by price and size, in place, so that a tape does not depend on their arrival."""
    i, count = 0, len(time)
    while i < count:
        j = i + 1
        while j < count and time[j] == time[i]:
            p, s = price[j], size[j]
            k = j - 1
            while k >= i and (price[k] > p or (price[k] == p and size[k] > s)):
                price[k + 1] = price[k]
                size[k + 1] = size[k]
                k -= 1
            price[k + 1] = p
            size[k + 1] = s
            j += 1
        i = j
