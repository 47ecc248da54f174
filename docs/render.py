"""Build the site: hand-written pages, pages generated from the code, formulas as MathML. Nothing is fetched.

Usage: python docs/render.py FOLDER makes FOLDER/docs (the pages) and FOLDER/site (what to serve).
"""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from generate import generate
from latex2mathml.converter import convert

HERE = Path(__file__).resolve().parent
ORDER = (
    *("index.md", "concepts", "how-to", "reference", "architecture.md", "benchmarks.md", "decisions", "changelog.md"),
    *("commands.md", "methodology-file.md", "rules", "examples.md", "tables.md", "python", "basketry.md"),
    *("calculation.md", "universe.md", "selection.md", "weighting.md", "capping.md", "triggers.md", "returns.md"),
)
TITLES = {"how-to": "How-to", "python": "Python"}
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def render(folder: Path) -> Path:
    """Build the site and return its folder.

    Raises:
        subprocess.CalledProcessError: A page is wrong, such as a broken link; the builder has said which.
    """
    pages, site = folder / "docs", folder / "site"
    for old in (pages, site):
        shutil.rmtree(old, ignore_errors=True)
    shutil.copytree(HERE, pages, ignore=shutil.ignore_patterns("*.py", "*.toml", "__pycache__"))
    shutil.copyfile(HERE.parent / "CHANGELOG.md", pages / "changelog.md")
    generate(pages / "reference")
    config = folder / "zensical.toml"
    text = (HERE / "zensical.toml").read_text(encoding="utf-8")
    text = text.replace("nav = []", f"nav = {navigation(pages, pages)}").replace("@HERE@", HERE.as_posix())
    config.write_text(text, encoding="utf-8")
    builder = Path(sys.executable).with_name("zensical")
    subprocess.run([builder, "build", "--clean", "--strict", "--config-file", config], check=True)  # noqa: S603
    for page in site.rglob("*.html"):
        page.write_text(with_mathml(page.read_text(encoding="utf-8")), encoding="utf-8")
    return site


def navigation(folder: Path, root: Path) -> str:
    """Return the entries of a folder as a TOML list: pages by path, folders by title."""

    def place(path: Path) -> tuple[int, str]:
        return (ORDER.index(path.name) if path.name in ORDER else len(ORDER), path.name)

    entries = []
    for path in sorted(folder.iterdir(), key=place):
        if path.is_dir() and any(path.rglob("*.md")):
            title = TITLES.get(path.name, path.name.replace("-", " ").capitalize())
            entries.append(f"{{ {json.dumps(title)} = {navigation(path, root)} }}")
        elif path.suffix == ".md":
            entries.append(json.dumps(path.relative_to(root).as_posix()))
    return f"[{', '.join(entries)}]"


def with_mathml(page: str) -> str:
    """Return a page with its formulas as MathML, which browsers show without a script."""

    def formula(match: re.Match[str]) -> str:
        display = "inline" if match[1] == "span" else "block"
        return str(convert(html.unescape(match[2]), display=display))

    return FORMULA.sub(formula, page)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(f"{render(Path(sys.argv[1]).resolve())}/index.html")
