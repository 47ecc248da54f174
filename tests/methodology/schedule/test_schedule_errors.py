"""A wrong schedule says what is wrong and what to write."""

from datetime import time
from typing import Any

import pytest
from pydantic import ValidationError

from basketry.core.errors import MethodologyError
from basketry.methodology.schedule import Schedule, rebalance_dates


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"every": "mnth"}, r"every: 'mnth' is not a frequency \(did you mean 'month'\?\)"),
        ({"every": "0d"}, "number of days from 1d to 9999d"),
        ({"every": "-3d"}, "is not a frequency"),
        ({"on": "third_fryday"}, r"on: 'third_fryday' is not a day rule \(did you mean 'third_friday'\?\)"),
        ({"on": "fifth_friday"}, "did you mean"),
        ({"on": "friday"}, "is not a day rule"),
        ({"on": 31}, "a day number is 1 to 28"),
        ({"on": 0}, "a day number is 1 to 28"),
        ({"on": "16th_business_day", "calendar": "XNYS"}, "is not a day rule"),
        (
            {"every": "week", "on": "fridy"},
            r"on: 'fridy' is not a day of the week \(did you mean 'friday'\?\)",
        ),
        ({"every": "week", "on": 3}, "is not a day of the week"),
        ({"every": "day", "on": "last_day"}, "on: 'last_day' does not go with every: day"),
        ({"every": "10d", "on": 3}, "does not go with every: 10d"),
        ({"every": "week", "months": [1]}, "months: does not go with every: week"),
        ({"every": "quarter", "months": [1, 2]}, "three apart, as in"),
        ({"every": "quarter", "months": [10, 11, 12]}, "three apart, as in"),
        ({"months": [7, 1]}, "ascending"),
        ({"months": []}, "ascending"),
        (
            {"calendar": "XNYSE", "roll": "forward"},
            r"calendar: 'XNYSE' is not known \(did you mean 'XNYS'\?\)",
        ),
        ({"calendar": "XNYS"}, "calendar: XNYS has no use"),
        ({"on": "first_business_day"}, "on: first_business_day needs an exchange calendar"),
        ({"roll": "forward"}, "roll: forward needs an exchange calendar"),
        ({"determine": "5bd"}, "determine: 5bd needs an exchange calendar"),
        ({"determine": "last_business_day"}, "determine: last_business_day needs an exchange calendar"),
        ({"determine": "1d", "announce": "2d"}, "announce: 2d before .* is earlier than the determination"),
        ({"determine": "2bd", "announce": "3bd", "calendar": "XNYS"}, "is earlier than the determination"),
        ({"announce": "-1d"}, "announce: '-1d' is not a time before the effective instant"),
        ({"determine": "third_fridy"}, "did you mean 'third_friday'"),
        ({"determine": 3}, "determine: 3 is not a time before"),
        ({"at": "25:00"}, "is not a time of day"),
        ({"at": "16:00+01:00"}, "is not a time of day"),
        ({"at": "4 pm"}, "is not a time of day"),
        ({"at": 960}, "is not a time of day"),
        ({"at": time(16, 0, 30)}, "is not a time of day"),
        ({"zone": "Europe/Londn"}, "is not known; write an IANA name"),
        ({"transition": {"steps": 5, "every": "0d"}}, "must be longer than 0"),
    ],
)
def test_messages(section: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Schedule(**section)


@pytest.mark.parametrize(
    "section",
    [
        {"evry": "month"},
        {"months": [13]},
        {"on": True},
        {"on": 1.5},
        {"roll": "sideways"},
        {"fix": "prices"},
        {"transition": {"steps": 0}},
        {"transition": {"stps": 3}},
    ],
)
def test_wrong_types_and_keys_are_refused(section: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Schedule(**section)


def test_the_function_raises_errors_of_one_tree() -> None:
    with pytest.raises(MethodologyError, match=r"months.0: .* was 13"):
        rebalance_dates("2021-01-01", "2022-01-01", months=[13])
    with pytest.raises(MethodologyError, match="did you mean 'month'"):
        rebalance_dates("2021-01-01", "2022-01-01", every="mnth")
    with pytest.raises(MethodologyError, match="is not a date or time"):
        rebalance_dates("soon", "2022-01-01")


def test_a_rulebook_that_was_read_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Schedule().every = "day"  # type: ignore[misc]


def test_the_schema_for_editors_knows_every_field() -> None:
    schema = Schedule.model_json_schema()
    assert set(schema["properties"]) == set(Schedule.model_fields)
    assert schema["additionalProperties"] is False
    assert {"enum": ["day", "week", "month", "quarter", "year"]} in schema["properties"]["every"]["anyOf"]
    assert "third_friday" in schema["properties"]["on"]["anyOf"][0]["enum"]
