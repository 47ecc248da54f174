"""Pulling data from a local server that fails in every usual way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from basketry.core.errors import DataError
from basketry.lake.lake import Lake
from basketry.lake.pull import pull_daily

TODAY = datetime(2022, 1, 1, tzinfo=UTC)
Answer = tuple[int, dict[str, str], bytes]
Serve = Callable[[list[Answer]], tuple[str, list[str]]]


def page(asset: str, day: int, more: str | None = None) -> Answer:
    row = {
        "asset": asset,
        "time": f"2020-01-0{day}T00:00:00.000000000Z",
        "PriceUSD": str(7000 + day),
        "CapMrktEstUSD": "1e11",
    }
    return 200, {}, json.dumps({"data": [row], **({"next_page_url": more} if more else {})}).encode()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that gives the answers in turn, then the last one for ever."""
    servers = []

    def start(answers: list[Answer]) -> tuple[str, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = answers[min(len(asked), len(answers) - 1)]
                asked.append(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (named by the library)
                del format, args

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}", asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def pull(lake: Lake, url: str, assets: list[str], waits: list[float] | None = None) -> dict[str, int]:
    waits = [] if waits is None else waits
    return pull_daily(lake, "coinmetrics", assets, base_url=url, attempts=3, today=TODAY, pause=waits.append).rows


def test_pages_are_followed_and_stamped_at_the_end_of_the_day(tmp_path: Path, serve: Serve) -> None:
    last, asked_last = serve([page("btc", 2)])
    url, asked = serve([page("btc", 1, more=f"{last}/next")])
    lake = Lake(tmp_path)
    assert pull(lake, url, ["btc"]) == {"btc": 2}
    assert asked_last == ["/next"]
    row = lake.read("daily").row(0, named=True)
    assert row["time"] == datetime(2020, 1, 2, tzinfo=UTC)
    assert (row["price"], row["market_cap"]) == (7001.0, 1e11)
    assert "assets=btc" in asked[0]


def test_failures_that_pass_are_waited_out(tmp_path: Path, serve: Serve) -> None:
    waits: list[float] = []
    url, asked = serve([(429, {"Retry-After": "7"}, b""), (500, {}, b""), page("btc", 1)])
    assert pull(Lake(tmp_path), url, ["btc"], waits) == {"btc": 1}
    assert len(asked) == 3
    assert 7 <= waits[0] <= 9
    assert 2 <= waits[1] <= 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((503, {}, b""), "could not be fetched in 3 attempts"),
        ((404, {}, b"no such asset"), "answered HTTP 404.*no such asset"),
        ((200, {}, b'{"data": [{"asset"'), "something else than its format"),
        ((200, {}, b'{"data": [{"asset": "btc", "time": "never"}]}'), "something else than its format"),
        ((200, {"Content-Length": "5000"}, b'{"data": []'), "could not be fetched"),
    ],
)
def test_failures_that_stay_give_one_message(tmp_path: Path, serve: Serve, answer: Answer, message: str) -> None:
    url, _ = serve([answer])
    with pytest.raises(DataError, match=message):
        pull(Lake(tmp_path), url, ["btc"])
    assert Lake(tmp_path).tables() == []


def test_without_a_network_the_message_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is there a network"):
        pull(Lake(tmp_path), "http://127.0.0.1:9", ["btc"])


def test_a_broken_pull_goes_on_where_it_was(tmp_path: Path, serve: Serve) -> None:
    lake = Lake(tmp_path)
    url, _ = serve([page("btc", 1), (404, {}, b"")])
    with pytest.raises(DataError):
        pull(lake, url, ["btc", "eth"])
    assert lake.read("daily")["asset"].to_list() == ["btc"]
    url, asked = serve([page("eth", 1)])
    done = pull_daily(lake, "coinmetrics", ["btc", "eth"], base_url=url, today=TODAY, pause=lambda _: None)
    assert (done.rows, done.skipped, len(asked)) == ({"eth": 1}, ("btc",), 1)


def test_coingecko_leaves_out_the_price_of_the_moment(tmp_path: Path, serve: Serve) -> None:
    midnight = int(datetime(2020, 1, 2, tzinfo=UTC).timestamp() * 1000)
    body = json.dumps(
        {"prices": [[midnight, 1.0], [midnight + 5_000_000, 2.0]], "market_caps": [], "total_volumes": []}
    )
    url, asked = serve([(200, {}, body.encode())])
    lake = Lake(tmp_path)
    pull_daily(lake, "coingecko", ["bitcoin"], base_url=url, today=TODAY, pause=lambda _: None)
    assert lake.read("daily")["price"].to_list() == [1.0]
    assert asked[0].startswith("/coins/bitcoin/market_chart")
