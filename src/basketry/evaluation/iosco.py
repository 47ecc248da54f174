"""An index against the IOSCO Principles for Financial Benchmarks: what the evidence shows and what it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from basketry.evaluation.questions import Answer

SOURCE = "IOSCO, Principles for Financial Benchmarks, Final Report FR07/13, July 2013"


@dataclass(frozen=True)
class RecordFacts:
    """What was found of the append-only record of a published index.

    Attributes:
        entries: Lines of the record.
        chain_intact: Whether every line carries the hash of the one before.
        recomputed: Whether every published number was calculated again and found equal.
        signed: Whether the lines are signed or anchored where the administrator cannot change them.
        restatements: Corrections among them.
    """

    entries: int
    chain_intact: bool
    recomputed: bool
    signed: bool = False
    restatements: int = 0


@dataclass(frozen=True)
class Principle:
    """One principle.

    Attributes:
        number, title, chapter: As in the report.
        questions: Keys of the review's questions that bear on it.
        record: What a record adds: '', chain (it was not changed), recomputed (it follows from rules and data).
        conduct: Whether it is about the conduct of people, of which rules and record show a part at most.
        cannot: What neither rules nor record can show.
    """

    number: int
    title: str
    chapter: str
    questions: tuple[str, ...]
    record: str
    cannot: str
    conduct: bool = False


PRINCIPLES = (
    Principle(
        1,
        "Overall responsibility of the administrator",
        "Governance",
        ("administrator_named",),
        "",
        "that the person named is in control and answers for it",
        conduct=True,
    ),
    Principle(
        2,
        "Oversight of third parties",
        "Governance",
        ("sources_named",),
        "",
        "contracts with data vendors and calculation agents, and that they are supervised",
        conduct=True,
    ),
    Principle(
        3,
        "Conflicts of interest for administrators",
        "Governance",
        ("conflicts_managed",),
        "",
        "positions, relations and pay of those who decide",
        conduct=True,
    ),
    Principle(
        4,
        "Control framework for administrators",
        "Governance",
        ("inputs_guarded", "recalculated"),
        "chain",
        "access rights, staff controls and whistle-blowing",
        conduct=True,
    ),
    Principle(
        5,
        "Internal oversight",
        "Governance",
        ("oversight", "decisions_bounded"),
        "",
        "who sits in the oversight function and whether it challenges",
        conduct=True,
    ),
    Principle(
        6,
        "Benchmark design",
        "Quality of the benchmark",
        ("purpose_stated", "universe_by_rule", "coverage_high", "constituents_liquid"),
        "",
        "that the market measured is the one users mean",
    ),
    Principle(
        7,
        "Data sufficiency",
        "Quality of the benchmark",
        ("venues_enough", "liquidity_screen", "robust_prices"),
        "recomputed",
        "that trades at the venues were real and at arm's length",
    ),
    Principle(
        8,
        "Hierarchy of data inputs",
        "Quality of the benchmark",
        ("sources_named", "missing_data_rule"),
        "recomputed",
        "use of expert judgement outside the record",
    ),
    Principle(
        9,
        "Transparency of benchmark determinations",
        "Quality of the benchmark",
        ("history_published",),
        "recomputed",
        "that users were told in time",
    ),
    Principle(
        10,
        "Periodic review",
        "Quality of the benchmark",
        ("changes_logged",),
        "",
        "that reviews without a change took place",
        conduct=True,
    ),
    Principle(
        11,
        "Content of the methodology",
        "Quality of the methodology",
        ("rules_published", "schedule_stated", "weights_by_rule", "events_rule", "corrections_stated"),
        "recomputed",
        "rules of conduct that are not in the rulebook",
    ),
    Principle(
        12,
        "Changes to the methodology",
        "Quality of the methodology",
        ("changes_logged",),
        "chain",
        "consultation of users and notice before a change",
    ),
    Principle(
        13,
        "Transition",
        "Quality of the methodology",
        (),
        "",
        "a plan for the end of the index, and fallbacks in users' contracts",
        conduct=True,
    ),
    Principle(
        14,
        "Submitter code of conduct",
        "Quality of the methodology",
        (),
        "",
        "anything of submitters; an index of traded prices has none",
        conduct=True,
    ),
    Principle(
        15,
        "Internal controls over data collection",
        "Quality of the methodology",
        ("inputs_guarded", "sources_named"),
        "chain",
        "how data were handled before they were recorded",
        conduct=True,
    ),
    Principle(
        16,
        "Complaints procedures",
        "Accountability",
        ("complaints",),
        "",
        "how complaints were in fact dealt with",
        conduct=True,
    ),
    Principle(
        17,
        "Audits",
        "Accountability",
        ("recalculated",),
        "recomputed",
        "an audit of the organisation by an independent person",
        conduct=True,
    ),
    Principle(
        18,
        "Audit trail",
        "Accountability",
        ("history_published", "changes_logged"),
        "chain",
        "communications and identities, and that the record is kept for five years",
    ),
    Principle(
        19,
        "Cooperation with regulatory authorities",
        "Accountability",
        (),
        "",
        "any dealings with authorities; a record can be handed over",
        conduct=True,
    ),
)


def iosco_table(answers: Mapping[str, Answer], record: RecordFacts | None = None) -> pl.DataFrame:
    """Return the 19 principles, one row each.

    Columns: number, title, chapter, state, shown (what answers and record show), cannot (what they cannot show).
    State is supported where every question that bears on the principle is answered yes, and the record agrees where it
    has a say; partly where some is, and at most partly where the principle is about the conduct of people; lacking
    where one is answered no; contradicted where the record fails; not shown otherwise. None is ever called fulfilled:
    that is the administrator's statement and an auditor's finding.

    >>> iosco_table({})["state"].unique().to_list()
    ['not shown']
    """
    rows = []
    for principle in PRINCIPLES:
        replies = {key: answers[key] for key in principle.questions if key in answers}
        shown = [f"{answer.answer}: {answer.evidence}" for answer in replies.values() if answer.answer != "unknown"]
        shown += _record_words(principle.record, record)
        rows.append(
            {
                "number": principle.number,
                "title": principle.title,
                "chapter": principle.chapter,
                "state": _state(principle, replies, record),
                "shown": "; ".join(shown),
                "cannot": principle.cannot,
            }
        )
    return pl.DataFrame(rows)


def _state(principle: Principle, replies: Mapping[str, Answer], record: RecordFacts | None) -> str:
    said = [replies[key].answer if key in replies else "unknown" for key in principle.questions]
    if record is not None and principle.record and not _holds(principle.record, record):
        return "contradicted"
    if "no" in said:
        return "lacking"
    agreed = bool(said) and all(reply == "yes" for reply in said) and (not principle.record or record is not None)
    if agreed and not principle.conduct:
        return "supported"
    proved = record is not None and bool(principle.record)
    return "partly" if proved or any(reply in ("yes", "partly") for reply in said) else "not shown"


def _holds(kind: str, record: RecordFacts) -> bool:
    return record.chain_intact and (kind != "recomputed" or record.recomputed)


def _record_words(kind: str, record: RecordFacts | None) -> list[str]:
    if record is None or not kind:
        return []
    chain = f"record of {record.entries} entries, chain {'intact' if record.chain_intact else 'broken'}"
    if record.chain_intact and not record.signed:
        chain += ", not signed: it shows consistency, not when it was written"
    if kind == "chain":
        return [chain]
    return [chain, "every number recomputed and equal" if record.recomputed else "numbers differ when recomputed"]
