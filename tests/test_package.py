"""The wheel holds what an installation needs, and nothing of the tests."""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_the_wheel_holds_the_package_its_types_templates_examples_and_licence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    source = ROOT / "src"
    kept = [path for path in source.rglob("*.*") if path.suffix in {".py", ".typed", ".html", ".j2", ".css"}]
    wanted = {path.relative_to(source).as_posix() for path in kept}
    wanted |= {f"basketry/examples/{path.name}" for path in (ROOT / "examples").glob("*.yaml")}
    assert wanted <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert all(name.startswith(("basketry/", "basketry-")) for name in names)
