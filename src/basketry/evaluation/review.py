"""A methodology reviewed: answers from a rulebook or a questionnaire, scored by stated criteria, and against IOSCO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from basketry.core.restatement import RestateLevels
from basketry.core.time import format_duration
from basketry.evaluation.concentration import index_concentration
from basketry.evaluation.iosco import RecordFacts, iosco_table
from basketry.evaluation.questions import CRITERIA, QUESTIONS, Answer, Questionnaire, Reply
from basketry.evaluation.subject import Subject
from basketry.evaluation.warnings.illiquid import Illiquid
from basketry.index.result import IndexResult
from basketry.methodology.methodology import Methodology

WORTH: Mapping[str, float] = {"yes": 1.0, "partly": 0.5, "no": 0.0, "unknown": 0.0}
ROBUST_RATES = ("median", "trimmed", "clamped", "capped", "hampel", "band", "partitioned", "filter")
NOT_OF_MARKET = ("stablecoin", "wrapped", "leveraged")


@dataclass(frozen=True)
class Score:
    """The score of one criterion, from 0 to 1.

    Attributes:
        criterion: One of CRITERIA.
        score: Points of yes and half of partly over all points; what is unknown earns nothing.
        ceiling: The score if all that is unknown were a yes.
        known: Share of the points whose question is answered.
    """

    criterion: str
    score: float
    ceiling: float
    known: float

    @property
    def grade(self) -> str:
        """Return strong from 0.8, adequate from 0.5, weak below; 'not judged' where under half is known."""
        if self.known < 0.5:
            return "not judged"
        return "strong" if self.score >= 0.8 else "adequate" if self.score >= 0.5 else "weak"


@dataclass(frozen=True, eq=False)
class Review:
    """A review of one index.

    Attributes:
        index: Its name.
        basis: What the answers come from.
        scores: By criterion, in the order of CRITERIA.
        answers: criterion, key, question, answer, points, earned, evidence: one row a question.
        iosco: See `iosco_table`.
    """

    index: str
    basis: str
    scores: tuple[Score, ...]
    answers: pl.DataFrame
    iosco: pl.DataFrame

    def score(self, criterion: str) -> Score:
        """Return the score of one criterion."""
        return next(found for found in self.scores if found.criterion == criterion)


def review_questionnaire(questionnaire: Questionnaire, record: RecordFacts | None = None) -> Review:
    """Return the review of an index from the answers of a reviewer."""
    basis = f"questionnaire of {questionnaire.reviewer}, {questionnaire.date.isoformat()}"
    return _review(questionnaire.index, basis, questionnaire.answers, record)


def review_methodology(
    methodology: Methodology,
    result: IndexResult | None = None,
    *,
    record: RecordFacts | None = None,
    venues: Mapping[str, float] | None = None,
    further: Mapping[str, Answer] | None = None,
) -> Review:
    """Return the review of an index from its rulebook, and what its calculation and record show.

    Args:
        methodology: The rulebook.
        result: Its history, for coverage, concentration and liquidity.
        record: What was found of its record; without one nothing published is taken as shown.
        venues: Number of major venues by asset.
        further: Answers that no rulebook holds, such as oversight and complaints; they take precedence.
    """
    found = {
        **answers_from_rules(methodology, record),
        **({} if result is None else answers_from_history(result, venues)),
    }
    basis = "rulebook" + (", history" if result is not None else "") + (", record" if record is not None else "")
    return _review(methodology.name, basis, {**found, **(further or {})}, record)


def answers_from_rules(methodology: Methodology, record: RecordFacts | None = None) -> dict[str, Answer]:
    """Return what a rulebook and a record say to the review's questions; what they cannot say is left out."""
    rules = methodology.latest
    named = methodology.versions[1:]
    logged = all(version.approver and len(version.note) >= 15 for version in named)
    screens = [
        rule
        for rule in rules.universe
        if rule.name in ("value_traded", "value_traded_percentile", "turnover", "listings", "price_sources", "venues")
    ]
    decided = [*rules.overrides]
    smooth = [
        *(["buffer"] if rules.select.sticky else []),
        *(["transition"] if rules.schedule.transition is not None else []),
        *(["smoothed weights"] if "smoothed" in rules.weight.rule.name else []),
    ]
    guards = [
        name for name in ("supply_change", "price_jump", "min_turnover") if getattr(rules.guard, name) is not None
    ]
    fixed = rules.weight.rule.name in ("fixed", "votes")
    traded = ", ".join(rule.words() for rule in screens) or "no rule asks for trading"
    policy = f"delisting {rules.events.delisting}, fork {rules.events.hard_fork}, airdrop {rules.events.airdrop}"
    carried = f"carried for {format_duration(rules.missing.carry_forward)}, then {rules.missing.then}"
    whole = f"rulebook {methodology.digest[:12]} states every rule; "
    whole += "whether it is published is not known" if record is None else "it is in the published record"
    universe = f"{len(rules.universe)} rules of the universe, {len(decided)} decisions about single assets"
    changes = f"{len(named)} changes of the rules" + ("" if logged else ", some without reason or approver")
    smoothed = ", ".join(smooth) or "no buffer, transition or smoothing"
    found = {
        "rules_published": _answer("partly" if record is None else "yes", whole),
        "corrections_stated": _answer("yes", _restate_words(rules.restate)),
        "schedule_stated": _answer("yes", rules.calendar_in_words()),
        "missing_data_rule": _answer("yes", carried),
        "events_rule": _answer("yes", policy),
        "universe_by_rule": _answer("yes" if rules.universe and not decided else "partly", universe),
        "weights_by_rule": _answer("no" if fixed else "yes", f"weights by {rules.weight.rule.name}"),
        "liquidity_screen": _yes_if(bool(screens), traded),
        "inputs_guarded": _answer(
            "yes" if len(guards) == 3 else "partly" if guards else "no", ", ".join(guards) or "off"
        ),
        "turnover_bounded": _yes_if(bool(smooth), smoothed),
        "decisions_bounded": _answer("yes", f"{len(decided)} decisions, each with reason, approver and dates"),
        "changes_logged": _answer("no" if not logged else "yes" if named else "partly", changes),
        "purpose_stated": _stated(rules.description, "the rulebook has no description"),
        "administrator_named": _stated(rules.administrator, "the rulebook names no administrator"),
    }
    return {**found, **_answers_of_prices(methodology), **_answers_of_record(record)}


def answers_from_history(result: IndexResult, venues: Mapping[str, float] | None = None) -> dict[str, Answer]:
    """Return what the history of a calculated index says to the review's questions."""
    held = index_concentration(result, leave_out_tags=NOT_OF_MARKET)
    found = {"not_concentrated": _yes_if(held.top[3] <= 0.7, f"the three largest weigh {held.top[3]:.1%}")}
    if not np.isnan(held.coverage):
        words = f"{held.coverage:.1%} of the capitalisation in the data, without {', '.join(NOT_OF_MARKET)}"
        found["coverage_high"] = _yes_if(held.coverage >= 0.5, words)
    liquid = Illiquid().examine(Subject.of_index(result))
    if liquid.state != "not_examined":
        found["constituents_liquid"] = _yes_if(liquid.state == "clear", liquid.statement)
    if venues is not None:
        counts = {asset: venues.get(asset) for asset in held.assets}
        few = [asset for asset, count in counts.items() if count is not None and count < 3]
        unknown = [asset for asset, count in counts.items() if count is None]
        if few or not unknown:
            found["venues_enough"] = _yes_if(
                not few, f"{len(few)} of {len(counts)} constituents have under three venues"
            )
    return found


def _answers_of_prices(methodology: Methodology) -> dict[str, Answer]:
    prices = methodology.latest.prices
    if prices is None:
        return {"sources_named": _answer("no", "the rulebook has no section on prices: it takes those of its data")}
    named = f"{len(prices.venues)} venues named" if prices.venues else "venues are not limited"
    robust = any(word in prices.rate.name for word in ROBUST_RATES)
    return {
        "sources_named": _answer("yes" if prices.venues else "partly", f"{named}; {prices.fallback.words()}"),
        "venues_enough": _yes_if(prices.min_venues >= 3, f"at least {prices.min_venues} venues for a live price"),
        "robust_prices": _answer("yes" if robust else "partly", f"rate {prices.rate.name}"),
    }


def _answers_of_record(record: RecordFacts | None) -> dict[str, Answer]:
    if record is None:
        return {}
    words = f"record of {record.entries} entries, chain {'intact' if record.chain_intact else 'broken'}"
    return {
        "history_published": _yes_if(record.chain_intact, words),
        "recalculated": _yes_if(
            record.recomputed, "every number recomputed" if record.recomputed else "numbers differ"
        ),
        "live_date_stated": _answer(
            "partly" if record.chain_intact else "no", words + ("" if record.signed else ", not signed")
        ),
    }


def _review(index: str, basis: str, answers: Mapping[str, Answer], record: RecordFacts | None) -> Review:
    rows = []
    for question in QUESTIONS:
        answer = answers.get(question.key, Answer(answer="unknown"))
        rows.append(
            {
                "criterion": question.criterion,
                "key": question.key,
                "question": question.text,
                "answer": answer.answer,
                "points": question.points,
                "earned": question.points * WORTH[answer.answer],
                "evidence": answer.evidence,
            }
        )
    table = pl.DataFrame(rows)
    return Review(index, basis, tuple(_score(table, name) for name in CRITERIA), table, iosco_table(answers, record))


def _score(table: pl.DataFrame, criterion: str) -> Score:
    own = table.filter(pl.col("criterion") == criterion)
    points, earned = float(own["points"].sum()), float(own["earned"].sum())
    unknown = float(own.filter(pl.col("answer") == "unknown")["points"].sum())
    return Score(criterion, earned / points, (earned + unknown) / points, 1 - unknown / points)


def _restate_words(rule: RestateLevels) -> str:
    if rule.policy == "forward":
        return "published levels stand, and the index goes on from them"
    window = "at any time" if rule.window is None else f"within {format_duration(rule.window)}"
    return f"relative errors above {rule.threshold:.2%} are corrected, {window}"


def _answer(answer: Reply, evidence: str) -> Answer:
    return Answer(answer=answer, evidence=evidence)


def _stated(text: object, lacking: str) -> Answer:
    return _answer("yes", str(text)) if text else _answer("no", lacking)


def _yes_if(holds: bool, evidence: str) -> Answer:
    return _answer("yes" if holds else "no", evidence)
