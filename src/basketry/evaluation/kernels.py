"""Compiled passes over many level series at once: sums, moments, tails, drawdowns, filters and rolling windows."""

import numpy as np
from numpy.typing import NDArray

from basketry.core.compiled import kernel
from basketry.core.numbers import Floats

Integers = NDArray[np.int64]

# Rows of the summary, one column a series.
(
    TOTAL, LOWEST, HIGHEST, GAINS, LOSSES, SHORTFALL, WINS,
    SECOND, THIRD, FOURTH, QUANTILE, TAIL,
    DEEPEST, DEPTHS, SQUARED_DEPTHS, LONGEST, LAST_DEPTH, BELOW,
) = range(18)  # fmt: skip
ROWS = 18

# Sums may be taken in another order, so that they run in the lanes of a register; nothing here is ever NaN.
FAST = {"reassoc", "nsz", "nnan"}
NARROW = 8


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def summarise(level: Floats, target: float, tail: float) -> Floats:
    """Return sums over the steps of each series, shape (18, N), from levels (T, N) without gaps.

    Returns are simple. `target` is a return a step, `tail` the share of steps in the lower tail.
    """
    rows, columns = level.shape
    steps = rows - 1
    out = np.zeros((ROWS, columns))
    paths = np.empty((NARROW, rows))
    returns = np.empty(steps)
    scratch = np.empty(steps + 1)
    for first in range(0, columns, NARROW):
        width = min(NARROW, columns - first)
        # A few columns at a time are laid out one after the other: whole lines of memory are read once.
        for t in range(rows):
            for c in range(width):
                paths[c, t] = level[t, first + c]
        for c in range(width):
            path = paths[c]
            for t in range(steps):
                returns[t] = path[t + 1] / path[t] - 1.0
            own = out[:, first + c]
            _moments(returns, target, own)
            _lower_tail(returns, tail, own, scratch)
            _drawdown(path, own)
    return out


@kernel(nogil=True, error_model="numpy", fastmath=FAST)
def _moments(returns: Floats, target: float, own: Floats) -> None:
    steps = len(returns)
    total = gains = losses = shortfall = 0.0
    wins = 0
    lowest = highest = returns[0]
    for t in range(steps):
        r = returns[t]
        over = r - target
        up = max(over, 0.0)
        down = over - up
        total += r
        gains += up
        losses -= down
        shortfall += down * down
        wins += r > 0.0
        lowest = min(lowest, r)
        highest = max(highest, r)
    mean = total / steps
    second = third = fourth = 0.0
    for t in range(steps):
        off = returns[t] - mean
        square = off * off
        second += square
        third += square * off
        fourth += square * square
    own[TOTAL], own[LOWEST], own[HIGHEST] = total, lowest, highest
    own[GAINS], own[LOSSES], own[SHORTFALL], own[WINS] = gains, losses, shortfall, wins
    own[SECOND], own[THIRD], own[FOURTH] = second, third, fourth


@kernel(nogil=True, error_model="numpy")
def _lower_tail(returns: Floats, tail: float, own: Floats, scratch: Floats) -> None:
    """Fill the quantile, linear between order statistics, and the mean of those up to it."""
    steps = len(returns)
    place = (steps - 1) * tail
    rank = int(place)
    needed = min(rank + 2, steps)
    # Only what lies below a bound that surely leaves enough is sorted out further.
    bound = own[TOTAL] / steps - 0.7 * np.sqrt(own[SECOND] / steps)
    kept = 0
    for t in range(steps):
        scratch[kept] = returns[t]
        kept += returns[t] <= bound
    if kept < needed:
        scratch[:steps] = returns
        kept = steps
    own[QUANTILE], own[TAIL] = _tail_of(scratch[:kept], rank, place - rank)


@kernel(nogil=True, error_model="numpy")
def _tail_of(values: Floats, rank: int, part: float) -> tuple[float, float]:
    """Return the value at a fractional rank and the mean of those up to the whole rank; `values` are reordered.

    Ranks, not comparisons with the quantile, say what belongs to the tail: ties then do not depend on rounding.
    """
    select(values, rank)
    at = values[rank]
    above = np.inf
    for i in range(rank + 1, len(values)):
        above = min(above, values[i])
    quantile = at + part * (above - at) if part > 0.0 else at
    total = 0.0
    for i in range(rank + 1):
        total += values[i]
    return quantile, total / (rank + 1)


@kernel(nogil=True, error_model="numpy")
def quantiles(values: Floats, share: float) -> Floats:
    """Return the quantile of each column of (T, N), linear between order statistics, shape (N,)."""
    rows, columns = values.shape
    place = (rows - 1) * share
    rank = int(place)
    out = np.empty(columns)
    block = np.empty((NARROW, rows))
    for first in range(0, columns, NARROW):
        width = min(NARROW, columns - first)
        for t in range(rows):
            for c in range(width):
                block[c, t] = values[t, first + c]
        for c in range(width):
            out[first + c] = _tail_of(block[c], rank, place - rank)[0]
    return out


@kernel(nogil=True, error_model="numpy")
def select(values: Floats, rank: int) -> None:
    """Reorder values so that those before `rank` are no larger, and those after no smaller, than the one there.

    Source: Hoare (1961), Algorithm 65: Find, with the median of three as pivot.
    """
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        a, b, c = values[low], values[middle], values[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            return


@kernel(nogil=True, error_model="numpy")
def _drawdown(path: Floats, own: Floats) -> None:
    peak = path[0]
    deepest = depths = squared = depth = 0.0
    longest = last_high = below = 0
    for t in range(len(path)):
        value = path[t]
        if value >= peak:
            peak = value
            # A fall ends at the first level that is at or above the old high.
            longest = max(longest, t - last_high) if t - last_high > 1 else longest
            last_high = t
            depth = 0.0
        else:
            depth = value / peak - 1.0
            depths += depth
            squared += depth * depth
            deepest = min(deepest, depth)
            below += 1
    if depth < 0.0:
        longest = max(longest, len(path) - 1 - last_high)
    own[DEEPEST], own[DEPTHS], own[SQUARED_DEPTHS] = deepest, depths, squared
    own[LONGEST], own[LAST_DEPTH], own[BELOW] = longest, depth, below


@kernel(nogil=True, error_model="numpy")
def filtered_tails(returns: Floats, decay: float, warm_up: int, tail: float) -> Floats:
    """Return value at risk and expected shortfall of the next step by filtered history, shape (2, N).

    Returns (T, N) over their volatility known before each step, an exponentially weighted mean of squares that starts
    with the mean of the first `warm_up`, give the quantile; the volatility known at the end scales it.
    """
    steps, columns = returns.shape
    out = np.full((2, columns), np.nan)
    count = steps - warm_up
    if warm_up < 1 or count < 2:
        return out
    place = (count - 1) * tail
    rank = int(place)
    scaled = np.empty((count, columns))
    variance = np.zeros(columns)
    for t in range(warm_up):
        for i in range(columns):
            variance[i] += returns[t, i] * returns[t, i] / warm_up
    for t in range(warm_up, steps):
        for i in range(columns):
            r = returns[t, i]
            scaled[t - warm_up, i] = r / np.sqrt(variance[i])
            variance[i] = decay * variance[i] + (1.0 - decay) * r * r
    own = np.empty(count)
    for i in range(columns):
        if not variance[i] > 0.0:
            continue
        usable = True
        for t in range(count):
            own[t] = scaled[t, i]
            usable = usable and np.isfinite(own[t])
        if usable:
            quantile, mean = _tail_of(own, rank, place - rank)
            out[0, i] = quantile * np.sqrt(variance[i])
            out[1, i] = mean * np.sqrt(variance[i])
    return out


@kernel(nogil=True, error_model="numpy")
def rolling_products(first: Floats, second: Floats, window: int) -> Floats:
    """Return sums over a window of products about the window's own means, shape (T, N); NaN until it is full.

    Each row is made from its own window alone, so that a longer history changes no row.
    """
    rows, columns = first.shape
    out = np.full((rows, columns), np.nan)
    mean_x, mean_y = np.empty(columns), np.empty(columns)
    for t in range(window - 1, rows):
        start = t - window + 1
        mean_x[:] = 0.0
        mean_y[:] = 0.0
        for k in range(start, t + 1):
            for i in range(columns):
                mean_x[i] += first[k, i]
                mean_y[i] += second[k, i]
        for i in range(columns):
            mean_x[i] /= window
            mean_y[i] /= window
            out[t, i] = 0.0
        for k in range(start, t + 1):
            for i in range(columns):
                out[t, i] += (first[k, i] - mean_x[i]) * (second[k, i] - mean_y[i])
    return out


@kernel(nogil=True, error_model="numpy")
def resample_rows(starts: Integers, jumps: Floats, chance: float, length: int) -> Integers:
    """Return rows of resampled histories, shape (T, draws): blocks that wrap around the end.

    With `length` 0, a block ends after each step with `chance` (stationary bootstrap); else it has that many steps.
    `starts` are rows drawn evenly, `jumps` even numbers in [0, 1), both of shape (T, draws).
    """
    steps, draws = starts.shape
    out = np.empty((steps, draws), dtype=np.int64)
    out[0] = starts[0]
    for t in range(1, steps):
        for d in range(draws):
            leaps = t % length == 0 if length else jumps[t, d] < chance
            following = out[t - 1, d] + 1
            out[t, d] = starts[t, d] if leaps else (following if following < steps else 0)
    return out


@kernel(nogil=True, error_model="numpy")
def grow(returns: Floats, rows: Integers) -> Floats:
    """Return levels that start at 1 and grow by the returns (T,) of each draw's rows (T, draws)."""
    steps, draws = rows.shape
    level = np.empty((steps + 1, draws))
    level[0] = 1.0
    for t in range(steps):
        for d in range(draws):
            level[t + 1, d] = level[t, d] * (1.0 + returns[rows[t, d]])
    return level
