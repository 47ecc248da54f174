"""How long a process takes that imports basketry, or prints the help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from timing import report

COMMANDS = {
    "import basketry": [sys.executable, "-c", "import basketry"],
    "basketry --help": [sys.executable, "-c", "from basketry.cli.main import main; main()", "--help"],
}


def run() -> Any:
    """Run the process once."""
    subprocess.run(COMMANDS[sys.argv[1]], check=True, capture_output=True)
    return [1.0]


if __name__ == "__main__":
    report(run, Path(sys.argv[2]), repeats=9, ours=True)
