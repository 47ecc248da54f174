"""Which tests concern a module: the nearest first, so that most changes are noticed in seconds."""

from __future__ import annotations

from pathlib import Path

WIDE = {
    "index": (
        "tests/index",
        "tests/facts/test_gradual_transition.py",
        "tests/facts/test_decrement.py",
        "tests/facts/test_leverage.py",
        "tests/facts/test_staking_total_return.py",
        "tests/facts/test_volatility_target.py",
        "tests/facts/test_buffers.py",
        "tests/contract/test_return_rules.py",
        "tests/property/test_index_properties.py",
        "tests/property/test_fold.py",
        "tests/facts/test_incidents.py",
        "tests/independent/test_against_plain.py",
    ),
    "methodology": (
        "tests/methodology",
        "tests/contract/test_universe_and_selection_rules.py",
        "tests/contract/test_selections.py",
        "tests/contract/test_weighting_rules.py",
        "tests/contract/test_return_rules.py",
        "tests/facts/test_buffers.py",
        "tests/facts/test_capping.py",
        "tests/facts/test_decrement.py",
        "tests/facts/test_float_bands.py",
        "tests/facts/test_gradual_transition.py",
        "tests/facts/test_leverage.py",
        "tests/facts/test_momentum.py",
        "tests/facts/test_risk_parity.py",
        "tests/facts/test_square_root.py",
        "tests/facts/test_staking_total_return.py",
        "tests/facts/test_volatility_target.py",
        "tests/index",
        "tests/property/test_index_properties.py",
        "tests/property/test_memory.py",
        "tests/independent/test_selection_against_plain.py",
        "tests/independent/test_against_plain.py",
    ),
}
"""Tests of a whole layer, in the order in which they are asked."""


def stages(root: Path, module: str, *, near: bool = False) -> list[list[str]]:
    """Return the tests of a module in stages: its examples and partners; its folder; the tests of its layer.

    Args:
        root: The checkout.
        module: Path of the module below `src/basketry`, such as `methodology/select.py`.
        near: Leave out the tests of the layer.
    """
    path = Path(module)
    folder = root / "tests" / path.parent
    name = path.parent.name if path.stem == "__init__" else path.stem.lstrip("_")
    partners = sorted({*folder.glob(f"test_{name}.py"), *folder.glob(f"test_{name}_*.py")})
    nearest = [f"src/basketry/{module}", *(found.relative_to(root).as_posix() for found in partners)]
    layer = WIDE.get(path.parts[0], (f"tests/{path.parts[0]}",))
    # The folder of a layer holds the folders of others, which come with the layer.
    beside = [folder] if len(path.parts) > 2 and folder.is_dir() else sorted(folder.glob("test_*.py"))
    middle = [found.relative_to(root).as_posix() for found in beside]
    found = [nearest, middle, [] if near else [test for test in layer if (root / test).exists()]]
    return [stage for stage in found if stage]
