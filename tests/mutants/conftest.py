"""The tools for trying changes are scripts: their folder is on the path of these tests as it is when they run."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
