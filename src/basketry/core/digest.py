"""Content digests: the same content gives the same SHA-256, on every machine."""

import hashlib
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_bytes(*parts: bytes | memoryview) -> str:
    """Return the SHA-256 of the parts, each preceded by its length.

    >>> digest_bytes(b"ab", b"c") != digest_bytes(b"a", b"bc")
    True
    """
    running = hashlib.sha256()
    for part in parts:
        size = part.nbytes if isinstance(part, memoryview) else len(part)
        running.update(size.to_bytes(8, "little"))
        running.update(part)
    return running.hexdigest()


def digest_array(values: NDArray[Any]) -> str:
    """Return the digest of an array's dtype, shape and little-endian bytes; every NaN counts as the same.

    >>> digest_array(np.array([1.0, np.nan])) == digest_array(np.array([1.0, -np.nan]))
    True
    """
    if values.dtype.kind == "f":
        unknown = np.isnan(values)
        if unknown.any():
            values = np.where(unknown, np.nan, values)
    values = np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"), copy=False))
    return digest_bytes(values.dtype.str.encode(), str(values.shape).encode(), values.data)


def digest_strings(values: Iterable[str]) -> str:
    """Return the digest of a sequence of texts, in their order."""
    return digest_bytes(*(value.encode() for value in values))


def canonical_json(value: Any) -> str:
    """Return compact JSON with sorted keys; NaN and infinity are refused.

    >>> canonical_json({"b": 1, "a": [0.1]})
    '{"a":[0.1],"b":1}'
    """
    return _CANONICAL.encode(value)


def finite(value: Any) -> Any:
    """Return a plain value for JSON, which has no NaN and no infinity: they become None.

    >>> finite({"a": [1.0, float("nan")], "b": (float("inf"),)})
    {'a': [1.0, None], 'b': [None]}
    """
    if isinstance(value, dict):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
