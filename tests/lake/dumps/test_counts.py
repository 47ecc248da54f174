"""Whatever stands in the lines: every row is kept, bad or left out, and what is sound is kept."""

import contextlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from basketry.core.errors import DataError
from basketry.lake.dumps import read_dump

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECONDS = 1_735_689_600_000_000


@dataclass(frozen=True)
class Kind:
    """A format, its header, and its row of a number; the price is one more than the number."""

    form: str
    header: str
    line: str

    def text(self, number: int) -> str:
        micros = MICROSECONDS + number
        return self.line.format(
            n=number, price=number + 1, us=micros, ms=micros // 1000, s=f"{micros // 10**6}.{number:06d}"
        )


TARDIS = "exchange,symbol,timestamp,local_timestamp"
KINDS = [
    Kind("binance-aggtrades", "", "{n},{price},1.5,0,0,{us},True,True"),
    Kind("kraken-trades", "", "{s},{price},1.5"),
    Kind("kaiko-trades", "id,exchange,symbol,date,price,amount,sell", "{n},cbse,btcusd,{ms},{price},1.5,false"),
    Kind("tardis-trades", f"{TARDIS},id,side,price,amount", "gemini,BTCUSD,{us},{us},{n},buy,{price},1.5"),
    Kind("tardis-incremental-book-L2", f"{TARDIS},is_snapshot,side,price,amount", "x,X,{us},{us},true,bid,{price},1.5"),
    Kind("basketry", "time,price,size,side", "{us},{price},1.5,unknown"),
]

FIELDS = st.sampled_from(
    ["", " ", "x", "-1", "0", "nan", "inf", "1e400", "9" * 30, '"', '"1"', "True", "\x00", "\ufeff"]
)


def damaged(line: str, how: str, field: str, rng: random.Random) -> str:
    fields = line.split(",")
    place = rng.randrange(len(fields))
    if how == "replace":
        fields[place] = field
    elif how == "insert":
        fields.insert(place, field)
    elif how == "drop":
        del fields[place]
    elif how == "cut":
        return line[: rng.randrange(len(line))]
    elif how == "quote":
        return ",".join(f'"{text}"' for text in fields)
    return ",".join(fields)


def counted(kind: Kind, lines: list[str], chunk_rows: int, path: Path) -> tuple[list[float], int, int, int, int]:
    """Return the prices of the rows of a file, and its counts: rows, kept, bad, left out."""
    dump = read_dump(path, kind.form, now=NOW, max_bad=1, chunk_rows=chunk_rows)
    prices = [price for chunk in dump for price in chunk.frame["price"].to_list()]
    report = dump.report
    assert all(len(examples) <= report.problems[reason] for reason, examples in report.examples.items())
    for examples in report.examples.values():
        for example in examples:
            number = int(example.split(" line ")[1].split(":")[0]) - 1
            shown = example.partition(": ")[2]
            assert shown == lines[number].replace("\x00", "\ufffd") or shown.startswith(("'", '"')) or len(shown) >= 100
    return prices, report.rows, report.kept, report.bad, sum(report.left_out.values())


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.form)
@settings(max_examples=25)
@given(
    damages=st.lists(
        st.none() | st.tuples(st.sampled_from(["replace", "insert", "drop", "cut", "quote"]), FIELDS), max_size=30
    ),
    junk=st.lists(st.tuples(st.integers(0, 30), st.text(max_size=12)), max_size=3),
    chunk_rows=st.sampled_from([1, 3, 1000]),
    ending=st.sampled_from(["\n", "\r\n"]),
    seed=st.integers(0, 2**32),
)
def test_rows_are_kept_bad_or_left_out(
    tmp_path_factory: pytest.TempPathFactory,
    kind: Kind,
    damages: list[tuple[str, str] | None],
    junk: list[tuple[int, str]],
    chunk_rows: int,
    ending: str,
    seed: int,
) -> None:
    rng = random.Random(seed)  # noqa: S311
    sound = [kind.text(number) for number in range(len(damages))]
    lines = [
        line if damage is None else damaged(line, *damage, rng) for line, damage in zip(sound, damages, strict=True)
    ]
    for place, text in junk:
        lines.insert(place, text.replace("\n", " ").replace("\r", " "))
    # The commonest number of fields tells the layout of a file without header, so most lines have the right one.
    first = range(900_000, 900_040)
    lines = [*filter(None, [kind.header]), *map(kind.text, first), *lines]
    path = tmp_path_factory.getbasetemp() / f"{kind.form}.csv"
    path.write_bytes(ending.join([*lines, ""]).encode("utf-8", errors="replace"))
    prices, rows, kept, bad, left_out = counted(kind, lines, chunk_rows, path)
    assert rows == kept + bad + left_out
    while lines and not lines[-1]:
        lines.pop()
    assert rows == len(lines) - bool(kind.header)
    untouched = [number + 1.0 for number, damage in enumerate(damages) if damage is None or damage[0] == "quote"]
    assert {*untouched, *(number + 1.0 for number in first)} <= set(prices)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.form)
@settings(max_examples=25)
@given(content=st.binary(max_size=300), chunk_rows=st.sampled_from([1, 1000]))
def test_any_bytes_are_a_dump_or_an_error_that_says_so(
    tmp_path_factory: pytest.TempPathFactory, kind: Kind, content: bytes, chunk_rows: int
) -> None:
    for start in ("", f"{kind.header}\n", f"{kind.header}\n{kind.text(1)}\n"):
        path = tmp_path_factory.getbasetemp() / f"bytes-{kind.form}.csv"
        path.write_bytes(start.encode() + content)
        dump = read_dump(path, kind.form, now=NOW, max_bad=1, chunk_rows=chunk_rows)
        with contextlib.suppress(DataError):
            list(dump)
            assert dump.report.rows == dump.report.kept + dump.report.bad + sum(dump.report.left_out.values())
