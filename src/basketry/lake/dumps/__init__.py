"""Public tick dumps: from a downloaded file to frames of trades, quotes, depth or bars.

>>> from datetime import UTC, datetime
>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     path = Path(folder) / "XBTUSD.csv"
...     _ = path.write_text("1559347203.7998,8552.9,0.03190270\\n1559347203.8086,-1,0.5\\n")
...     dump = read_dump(path, "kraken-trades", now=datetime(2020, 1, 1, tzinfo=UTC), max_bad=0.5)
...     for chunk in dump:
...         print(chunk.venue, chunk.symbol, chunk.frame.select("price", "size").rows())
...     print(dump.report.examples)
kraken XBTUSD [(8552.9, 3190270)]
{'the price is not positive': ['XBTUSD.csv line 2: 1559347203.8086,-1,0.5']}
"""

from basketry.lake.dumps.form import DumpFormat
from basketry.lake.dumps.formats import dump_formats, get_format
from basketry.lake.dumps.read import Chunk, Dump, read_dump
from basketry.lake.dumps.report import DumpReport
from basketry.lake.dumps.symbols import parse_symbol

__all__ = [
    "Chunk",
    "Dump",
    "DumpFormat",
    "DumpReport",
    "dump_formats",
    "get_format",
    "parse_symbol",
    "read_dump",
]
