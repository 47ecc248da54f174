"""The evaluation of an index as a PDF for print: a factsheet of two pages, then the whole report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from basketry.core.errors import MissingExtraError
from basketry.evaluation.evaluate import Evaluated, Evaluation
from basketry.reports.evaluation import report_values
from basketry.reports.pages import instant


def evaluation_pdf(found: Evaluation, against: Sequence[Evaluated] = ()) -> bytes:
    """Return the report as a PDF; the same evaluation gives the same pages.

    Raises:
        MissingExtraError: Typst is not installed.
    """
    try:
        import typst
    except ImportError as error:
        raise MissingExtraError("a PDF needs Typst; install it with: pip install 'basketry[report]'") from error
    template = files("basketry.reports").joinpath("templates", "evaluation.typ").read_bytes()
    content = json.dumps(_plain(report_values(found, against, interactive=False)), default=str)
    # The texts come in as data, so that nothing in a name is read as markup.
    made: bytes = typst.compile(template, format="pdf", sys_inputs={"data": content})
    return made


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return what the template shows as plain values."""
    index, review, held = values["index"], values["review"], values["replicability"]
    kept = ("outcomes", "warnings", "tiles", "metrics", "bounds", "periods", "months", "drawdowns", "crises", "weights")
    plain = {
        name: values[name]
        for name in (*kept, "concentration", "iosco", "comparison", "simulated", "count", "relative_to")
    }
    plain |= {
        "name": index.name,
        "currency": index.currency,
        "source": index.source,
        "first": instant(values["first"]),
        "last": instant(values["last"]),
        "picture": str(values["picture"]),
        "rolling": str(values["rolling"]),
        "regimes": values["regimes"],
        "regime_rule": values["regime_rule"],
        "choices": [[c.purpose, c.choice or "", c.reason, c.caution] for c in values["choices"]],
        "scores": []
        if review is None
        else [[s.criterion, f"{s.score:.0%}", f"{s.known:.0%}", s.grade] for s in review.scores],
        "replicability": None
        if held is None
        else {
            "verdict": held["held"].verdict,
            "capacity": held["capacity"],
            "turnover": held["turnover"],
            "costs": held["costs"],
            "rows": held["rows"],
            "conventions": [f"{name.replace('_', ' ')}: {text}" for name, text in held["held"].conventions.items()],
        },
    }
    return plain
