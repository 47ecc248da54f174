"""Functions that Numba compiles when they are first needed, and not before.

Loading Numba, and a compiled function from its cache, takes a quarter of a second each, which is more than one more day
of an index takes. So Numba is imported by the first call that needs it, and a function with a size `plain` is
interpreted while it has little to do: the same additions, products, quotients and comparisons of doubles in the same
order, and so the same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

PLAIN_CALLS = 32
"""Calls of one function that are interpreted in a process; one that is called more often is worth its loading."""


_PLAIN: ContextVar[bool] = ContextVar("whether an interpreted function is running, and with it what it calls")


class Kernel(Generic[P, R]):
    """A function of numbers and arrays that is compiled when it is first needed.

    Attributes:
        plain_size: Figures in all array arguments up to which a call may be interpreted; 0 for never.
    """

    def __init__(self, function: Callable[P, R], options: dict[str, Any], plain: int) -> None:
        update_wrapper(self, function)
        self._function = function
        self._options = options
        self.plain_size = plain
        self._plain_calls = PLAIN_CALLS if plain else 0
        self._ready: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns."""
        if self._ready is None:
            if _PLAIN.get(False):
                return self._function(*args, **kwargs)
            if self._plain_calls and _size(args) <= self.plain_size:
                self._plain_calls -= 1
                return self.interpreted(*args, **kwargs)
            self._ready = self.compiled
        return self._ready(*args, **kwargs)

    def interpreted(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns, without compiling it or what it calls."""
        before = _PLAIN.set(True)
        try:
            # Compiled code says nothing of infinities and unknown figures either.
            with np.errstate(all="ignore"):
                return cast(R, _native(self._function(*args, **kwargs)))
        finally:
            _PLAIN.reset(before)

    @cached_property
    def compiled(self) -> Any:
        """The function as compiled by Numba; kept in its cache beside the source."""
        from numba import njit

        return njit(cache=True, **self._options)(self._function)

    @property
    def plain(self) -> Callable[P, R]:
        """The function as written."""
        return self._function

    def __getattr__(self, name: str) -> Any:
        # Numba asks a function that another one calls for its type and options.
        if name.startswith("__") or name in ("compiled", "_function"):
            raise AttributeError(name)
        return getattr(self.compiled, name)


def kernel(*, plain: int = 0, **options: Any) -> Callable[[Callable[P, R]], Kernel[P, R]]:
    """Return a decorator of functions that Numba compiles, without Python objects, when they are first needed.

    Args:
        plain: Interpret the first calls with so many figures at most; only of a function that uses nothing but
            operations which IEEE 754 fixes, and calls no other than such.
        options: Of `numba.njit`, beside `cache`, which is on.

    >>> @kernel(plain=10)
    ... def total(values):
    ...     found = 0.0
    ...     for value in values:
    ...         found += value
    ...     return found
    >>> total(np.array([0.1, 0.2, 0.3]))
    0.6000000000000001
    """
    return lambda function: Kernel(function, options, plain)


def _native(result: Any) -> Any:
    """Return a result with plain numbers where NumPy has its own, as compiled functions return them."""
    if isinstance(result, tuple):
        return tuple(map(_native, result))
    return result.item() if isinstance(result, np.generic) else result


def _size(args: tuple[Any, ...]) -> int:
    return sum(argument.size for argument in args if isinstance(argument, np.ndarray))
