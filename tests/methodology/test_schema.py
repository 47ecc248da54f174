"""The exported JSON Schema accepts what the parser accepts, and refuses what it refuses."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from basketry.jobs.new import examples
from basketry.methodology.methodology import Methodology
from basketry.methodology.parse import parse_yaml
from basketry.methodology.rulebook import DEFINING, OPTIONAL, REQUIRED, VERSIONED
from basketry.methodology.schema import methodology_schema

SCHEMA = methodology_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["missing"]["properties"]["carry_forward"]["default"] == "3d"


@pytest.mark.parametrize("name", sorted(examples()))
def test_every_example_satisfies_the_schema(name: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(plain(parse_yaml(examples()[name])))] == []


@pytest.mark.parametrize(
    "change",
    [
        {"wieght": {"by": "equal"}},
        {"weight": {"by": "equl"}},
        {"select": {"by": "market_cap", "tpo": 3}},
        {"select": {"by": {"metric": "market_cap", "windw": "9d"}, "top": 3}},
        {"select": {"by": {"mean_rank": ["market_cap"]}, "top": 3}},
        {"select": {"by": "market_cap", "top": 3, "buffer": {"exceed": 0.1, "enter": 3}}},
        {"select": {"by": "market_cap", "ranks": {"first": 3}}},
        {"select": {"by": "market_cap", "top": 3, "first": {"by": "price", "ranks": {"first": 1, "last": 3}}}},
        {"select": {"by": "market_cap", "top": 3, "first": []}},
        {"universe": [{"market_cap": {"mim": 3}}]},
        {"universe": [{"price": {"min": 1, "window": "revew", "days": 1}}]},
        {"universe": [{"price": {"min": 1, "window": "30d", "days": 1.5}}]},
        {"universe": [{"price": {"min": 1, "window": "30d", "statistic": "sum"}}]},
        {"universe": [{"venues": {"any_of": ["a"], "min": 1}}]},
        {"symbol": "../x"},
        {"base": {"date": "2015-01-01", "levle": 3}},
        {"weight": {"by": "market_cap", "fixed": {"bitcoin": 1.2}}},
        {"weight": {"by": "market_cap", "fixed": {}}},
        {"weight": {"by": "fixed", "weights": {"bitcoin": 1}, "fixed": {"bitcoin": 0.5}}},
        {"weight": {"by": "market_cap", "limits": {"bitcoin": {"maximum": 0.2}}}},
        {
            "versions": [
                {"from": "2021-01-01", "note": "unknown key", "changes": {"selct": {"by": "market_cap", "top": 3}}}
            ]
        },
    ],
)
def test_what_the_parser_refuses_the_schema_refuses(change: dict[str, Any]) -> None:
    document = plain(parse_yaml(examples()["large-cap-20"]))
    assert not VALIDATOR.is_valid({**document, **change})


def test_screens_over_windows_satisfy_the_schema() -> None:
    screens = [
        {"price": {"min": 0.01, "window": "30d", "days": 1}},
        {"value_traded": {"min": 1, "window": "review", "statistic": "minimum"}},
        {"venues": {"any_of": ["a", "b"], "quotes": ["usd"], "min": 1, "window": "90d", "days": 0.95}},
    ]
    document = {**plain(parse_yaml(examples()["large-cap-20"])), "universe": screens}
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    assert len(Methodology.load(document).first.universe) == 3


@pytest.mark.parametrize(
    "limits",
    [
        {"fixed": {"bitcoin": 0.4}, "cap": 0.2},
        {"limits": {"bitcoin": {"min": 0.1, "max": 0.3}, "solana": {"max": 0.05}}},
    ],
)
def test_weights_and_limits_by_asset_are_known_to_the_schema(limits: dict[str, Any]) -> None:
    document = plain(parse_yaml(examples()["large-cap-20"]))
    weight = {"by": "market_cap", **limits}
    assert [error.message for error in VALIDATOR.iter_errors({**document, "weight": weight})] == []


@pytest.mark.parametrize(
    "select",
    [
        {"by": "market_cap", "ranks": {"first": 11, "last": 30}, "buffer": {"enter": 25, "leave": 35}},
        {"by": {"metric": "market_cap", "half_life": "15d", "window": "90d"}, "top": 30, "buffer": {"exceed": 0.05}},
        {"by": "market_cap", "coverage": {"enter": 0.7, "leave": 0.8}},
        {
            "first": {"by": "market_cap", "top": 100},
            "by": {"mean_rank": ["market_cap", {"metric": "volume", "window": "30d", "statistic": "median"}]},
            "top": 10,
        },
        {"first": [{"by": "tvl", "coverage": 0.9}, {"by": "volume", "threshold": 3}], "by": "market_cap", "all": {}},
    ],
)
def test_what_the_parser_takes_the_schema_takes(select: dict[str, Any]) -> None:
    document = plain(parse_yaml(examples()["large-cap-20"]))
    assert [error.message for error in VALIDATOR.iter_errors({**document, "select": select})] == []
    assert Methodology.load({**document, "select": select}).first.select.words()


def test_a_section_of_a_version_is_a_section_of_the_rulebook() -> None:
    document = plain(parse_yaml(examples()["large-cap-20"]))
    changes = {"select": {"by": "market_cap", "top": 3}}
    assert VALIDATOR.is_valid({**document, "versions": [{"from": "2021-01-01", "note": "why", "changes": changes}]})


def test_the_examples_folder_is_the_one_that_is_shipped() -> None:
    folder = Path(__file__).resolve().parents[2] / "examples"
    assert {path.stem for path in folder.glob("*.yaml")} == set(examples())


def test_a_key_defines_the_index_or_may_change_with_a_version() -> None:
    assert sorted([*VERSIONED, *DEFINING]) == sorted([*REQUIRED, *OPTIONAL])
    changes = methodology_schema()["properties"]["versions"]["items"]["properties"]["changes"]
    assert list(changes["properties"]) == list(VERSIONED)
    document = plain(parse_yaml(examples()["large-cap-20"]))
    sections: dict[str, Any] = {
        "returns": [{"decrement": {"points": 50, "day_count": "act/360", "name": "decrement"}}],
        "restate": {"threshold": 0.001},
        "calculate": {"every": "day", "at": "16:00"},
        "administrator": "Two",
    }
    version = {"from": "2021-01-01", "note": "why", "changes": sections}
    assert VALIDATOR.is_valid({**document, "versions": [version]})
    assert not VALIDATOR.is_valid({**document, "versions": [{**version, "changes": {"restate": {"treshold": 1}}}]})
