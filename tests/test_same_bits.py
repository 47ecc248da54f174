"""What leads to a weight, level, price or picture of an index calls nothing whose bits depend on the processor."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "basketry"
PACKAGES = ("core", "market", "methodology", "index", "reference")
PICTURES = tuple(f"reports/{name}.py" for name in ("axes", "chart", "pictures", "weights"))
# fmt: off
OUTSIDE = {
    "market/simulation": "makes a market, which is data to an index",
    "market/venues": "makes trades of a simulated market",
    "market/quality.py": "tells doubts about data",
    "reference/vetting": "judges venues by statistics, for a person who chooses among them",
    "reference/attack": "measures the cost of a manipulation",
    "reference/compare.py": "compares prices for a report",
    "reference/pools/cost.py": "measures the cost of a manipulation",
}
"""Files and folders that lie on no way to a weight, a level or a price, with what they are for."""
FUNCTIONS = frozenset({
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "logaddexp2", "pow", "power", "float_power",
    "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh",
    "tanh", "arcsinh", "arccosh", "arctanh", "hypot", "cbrt", "dist", "gamma", "lgamma", "erf", "erfc",
    "sum", "nansum", "mean", "nanmean", "average", "std", "nanstd", "var", "nanvar", "prod", "nanprod", "sumprod",
    "dot", "vdot", "vecdot", "inner", "outer", "matmul", "matvec", "vecmat", "tensordot", "einsum", "kron", "cov",
    "corrcoef", "convolve", "correlate", "trapezoid", "linalg", "fft", "polyfit", "polyval", "reduce", "reduceat",
})
OWNERS = frozenset({"np", "numpy", "math", "cmath", "np.add", "np.multiply"})
METHODS = frozenset({"sum", "mean", "std", "var", "prod", "dot", "trace"})
# fmt: on
ALLOWED = {
    ("market/tape.py", ".sum()"): "bounds the sizes of a tape; no price is made of it",
    ("methodology/weighting/fixed.py", "**"): "decimal arithmetic",
    ("reference/caps.py", ".sum()"): "counts groups",
    ("reference/fixing.py", ".sum()"): "sums whole numbers",
    ("reference/pools/cumulative_prices.py", "**"): "a power of whole numbers",
    ("reference/rates/capped_median.py", ".sum()"): "sums whole numbers",
}
"""Calls that are left, with the reason for which their bits are the same everywhere."""


def names(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in sorted((SOURCE / package).rglob("*.py"))]
    found = [path for path in found if not any(names(path) == o or names(path).startswith(f"{o}/") for o in OUTSIDE)]
    return [*found, *(SOURCE / name for name in PICTURES)]


def _whole(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _whole(node.operand)
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def dispatched(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What a module uses whose last digit may depend on the processor, with the line."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if owner in OWNERS and node.attr in FUNCTIONS:
                yield f"{owner}.{node.attr}", line
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in METHODS and owner not in ("np", "numpy", "math"):
                yield f".{node.func.attr}()", line
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            yield "@", line
        if (
            isinstance(node, ast.BinOp)
            and isinstance(node.op, ast.Pow)
            and not (_whole(node.left) and _whole(node.right))
        ):
            yield "**", line
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Pow):
            yield "**", line
        if isinstance(node, ast.keyword) and node.arg in ("fastmath", "parallel"):
            yield f"{node.arg}=", node.value.lineno
        if isinstance(node, ast.Import | ast.ImportFrom):
            found = [node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names]
            yield from ((f"import {name}", line) for name in found if name.split(".")[0] == "scipy")
            if isinstance(node, ast.ImportFrom) and node.module in ("math", "numpy"):
                yield from ((f"{node.module}.{item.name}", line) for item in node.names if item.name in FUNCTIONS)


@pytest.mark.parametrize("path", modules(), ids=names)
def test_a_module_calls_nothing_whose_bits_depend_on_the_processor(path: Path) -> None:
    found = [
        f"line {line}: {what}"
        for what, line in dispatched(ast.parse(path.read_text(encoding="utf-8")))
        if (names(path), what) not in ALLOWED
    ]
    assert not found, (
        f"{names(path)}: {found}; use core/elementary.py, exact_sum or added of core/numbers.py, np.count_nonzero, "
        "np.square, or a compiled loop; else give the reason in ALLOWED"
    )


def test_what_is_allowed_is_there() -> None:
    used = {(names(path), what) for path in modules() for what, _ in dispatched(ast.parse(path.read_text("utf-8")))}
    assert set(ALLOWED) <= used
    assert all((SOURCE / name).exists() for name in OUTSIDE)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("np.exp(x)", "np.exp"),
        ("math.log(x)", "math.log"),
        ("from math import pow", "math.pow"),
        ("x.sum(axis=0)", ".sum()"),
        ("(x * y).mean()", ".mean()"),
        ("np.add.reduce(x)", "np.add.reduce"),
        ("np.linalg.solve(a, b)", "np.linalg"),
        ("x @ y", "@"),
        ("x ** 2", "**"),
        ("2.0 ** 3", "**"),
        ("x **= 2", "**"),
        ("njit(fastmath=True)", "fastmath="),
        ("from scipy.optimize import nnls", "import scipy.optimize"),
    ],
)
def test_a_call_that_depends_on_the_processor_is_seen(text: str, what: str) -> None:
    assert [name for name, _ in dispatched(ast.parse(text))] == [what]


def test_what_is_exact_is_left_alone() -> None:
    text = "np.sqrt(x), math.sqrt(x), math.fsum(x), np.add.accumulate(x), np.square(x), 2**53, x * y / z, sum(x)"
    assert not list(dispatched(ast.parse(text)))
