"""Reviews: scores by the stated criteria, strict questionnaires, and a table that claims no more than it shows."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from basketry.core.errors import MethodologyError
from basketry.evaluation.iosco import PRINCIPLES, RecordFacts, iosco_table
from basketry.evaluation.questions import (
    BY_KEY,
    CRITERIA,
    QUESTIONS,
    Answer,
    Questionnaire,
    questionnaire_template,
)
from basketry.evaluation.review import review_methodology, review_questionnaire
from basketry.index.result import IndexResult
from basketry.methodology.methodology import Methodology

HEAD = "index: X\nreviewer: An analyst\ndate: 2024-05-01\n"


def questionnaire(answers: dict[str, str]) -> Questionnaire:
    given = {key: {"answer": answer, "evidence": "page 1"} for key, answer in answers.items()}
    return Questionnaire.parse(HEAD + "answers: " + json.dumps(given))


def test_all_yes_is_one_and_nothing_known_is_not_judged() -> None:
    full = review_questionnaire(questionnaire(dict.fromkeys(BY_KEY, "yes")))
    assert [(score.score, score.ceiling, score.grade) for score in full.scores] == [(1, 1, "strong")] * 5
    empty = review_questionnaire(questionnaire({}))
    assert [(score.score, score.ceiling, score.grade) for score in empty.scores] == [(0, 1, "not judged")] * 5
    assert full.basis == "questionnaire of An analyst, 2024-05-01"


def test_points_are_counted_as_stated() -> None:
    found = review_questionnaire(questionnaire({"oversight": "yes", "complaints": "no", "conflicts_managed": "partly"}))
    score = found.score("independence")
    # 7 points: oversight 1, conflicts half of 2; complaints known and nothing; administrator and decisions 3 open.
    assert score.score == pytest.approx(2 / 7)
    assert score.ceiling == pytest.approx(5 / 7)
    assert score.known == pytest.approx(4 / 7)
    assert score.grade == "weak"
    assert sum(found.answers["earned"]) == 2


def test_a_template_holds_every_question_and_reads_back() -> None:
    parsed = Questionnaire.parse(questionnaire_template())
    assert set(parsed.answers) == set(BY_KEY)
    assert all(question.text in questionnaire_template() for question in QUESTIONS)
    assert {question.criterion for question in QUESTIONS} == set(CRITERIA)
    assert Questionnaire.model_json_schema()["properties"]["answers"]["propertyNames"]["enum"] == list(BY_KEY)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "answers: {oversigt: {answer: no}}", "did you mean 'oversight'"),
        (HEAD + "answers: {oversight: {answer: maybe}}", "'yes', 'partly', 'no' or 'unknown'"),
        (HEAD + "answers: {oversight: {answer: yes}}", "needs evidence"),
        (HEAD + "answers: {oversight: {answer: no, evidnce: x}}", "did you mean 'evidence'"),
        (HEAD + "answrs: {}", "did you mean 'answers'"),
        ("index: X\ndate: 2024-05-01\nanswers: {}", "reviewer"),
        ("index: 5\nreviewer: a\ndate: 2024-05-01\nanswers: {}", "index"),
        (HEAD.replace("2024-05-01", "soon") + "answers: {}", "date"),
        ("- a list", "expected keys"),
        ("index: &a X", "anchors"),
    ],
)
def test_a_questionnaire_is_read_strictly(text: str, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Questionnaire.parse(text)


def test_json_is_read_as_well() -> None:
    text = json.dumps({"index": "X", "reviewer": "me", "date": "2024-05-01", "answers": {}})
    assert Questionnaire.parse(text).date.year == 2024


def test_a_rulebook_is_reviewed_from_what_it_says(five: IndexResult, make_rules: Callable[..., Methodology]) -> None:
    plain = review_methodology(make_rules())
    answers = dict(plain.answers.select("key", "answer").iter_rows())
    assert answers["schedule_stated"] == "yes"
    assert answers["turnover_bounded"] == "yes"
    # Neither is in the rulebook, and nothing shows that it is published.
    assert answers["liquidity_screen"] == "no"
    assert answers["administrator_named"] == "no"
    assert answers["rules_published"] == "partly"
    assert answers["history_published"] == "unknown"
    assert answers["oversight"] == "unknown"
    with_history = review_methodology(five.methodology, five, venues=dict.fromkeys(five.panel.assets, 4))
    known = dict(with_history.answers.select("key", "answer").iter_rows())
    assert {known["coverage_high"], known["not_concentrated"]} <= {"yes", "no"}
    assert known["venues_enough"] == "yes"
    given = {"oversight": Answer(answer="yes", evidence="charter of the committee")}
    further = review_methodology(make_rules(), further=given)
    assert further.score("independence").score > plain.score("independence").score


def test_weights_by_decision_and_overrides_cost_points(make_rules: Callable[..., Methodology]) -> None:
    override = {
        "asset": "coin-a", "action": "exclude", "from": "2020-03-01", "reason": "court order", "approver": "Board",
        "date": "2020-02-20",
    }  # fmt: skip
    found = review_methodology(make_rules(overrides=[override]))
    assert dict(found.answers.select("key", "answer").iter_rows())["universe_by_rule"] == "partly"


def test_the_principles_are_the_nineteen() -> None:
    assert [principle.number for principle in PRINCIPLES] == list(range(1, 20))
    assert {principle.chapter for principle in PRINCIPLES} == {
        "Governance", "Quality of the benchmark", "Quality of the methodology", "Accountability",
    }  # fmt: skip
    assert all(key in BY_KEY for principle in PRINCIPLES for key in principle.questions)
    assert all(principle.cannot for principle in PRINCIPLES)


def test_conduct_is_never_more_than_partly_shown() -> None:
    answers = {key: Answer(answer="yes", evidence="page 1") for key in BY_KEY}
    record = RecordFacts(entries=100, chain_intact=True, recomputed=True, signed=True)
    states = dict(iosco_table(answers, record).select("number", "state").iter_rows())
    assert {number for number, state in states.items() if state == "supported"} == {6, 7, 8, 9, 11, 12, 18}
    assert {states[number] for number in (13, 14, 19)} == {"not shown"}
    assert {states[number] for number in (1, 2, 3, 4, 5, 10, 15, 16, 17)} == {"partly"}


def test_a_record_that_fails_contradicts_and_one_that_is_missing_proves_nothing() -> None:
    answers = {key: Answer(answer="yes", evidence="page 1") for key in BY_KEY}
    broken = iosco_table(answers, RecordFacts(entries=5, chain_intact=False, recomputed=True))
    assert broken.filter(number=18)["state"][0] == "contradicted"
    assert "broken" in broken.filter(number=18)["shown"][0]
    differs = iosco_table(answers, RecordFacts(entries=5, chain_intact=True, recomputed=False))
    assert differs.filter(number=9)["state"][0] == "contradicted"
    assert differs.filter(number=18)["state"][0] == "supported"
    assert "not when it was written" in differs.filter(number=18)["shown"][0]
    missing = iosco_table(answers)
    assert missing.filter(number=9)["state"][0] == "partly"
    assert iosco_table({"oversight": Answer(answer="no", evidence="")}).filter(number=5)["state"][0] == "lacking"


def test_the_real_indices_are_reviewed(real_indices: dict[str, IndexResult]) -> None:
    for result in real_indices.values():
        found = review_methodology(result.methodology, result)
        assert found.score("consistency").score > 0.4
        assert found.score("liquidity").known > 0.5
        assert len(found.iosco) == 19
