"""The questions of a methodology review by criterion, and the questionnaire that answers them for any index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from basketry.core.errors import MethodologyError, nearest_hint
from basketry.methodology.parse import parse_yaml

CRITERIA = ("transparency", "representativeness", "liquidity", "independence", "consistency")
Reply = Literal["yes", "partly", "no", "unknown"]


@dataclass(frozen=True)
class Question:
    """One question whose yes earns points.

    Attributes:
        key: Its word in a questionnaire.
        criterion: One of CRITERIA.
        text: The question; yes is good.
        points: What a yes earns; partly earns half.
    """

    key: str
    criterion: str
    text: str
    points: int = 1


QUESTIONS = (
    Question(
        "rules_published",
        "transparency",
        "Are all rules published, so that another could calculate the index from them?",
        2,
    ),
    Question(
        "history_published", "transparency", "Are levels, constituents and weights published for the whole history?", 2
    ),
    Question("sources_named", "transparency", "Are the sources of prices named, with what happens when they fail?"),
    Question(
        "changes_logged", "transparency", "Is every change of the rules published with date, reason and approver?"
    ),
    Question("corrections_stated", "transparency", "Is it stated when a published level is corrected?"),
    Question("live_date_stated", "transparency", "Is it stated from when levels were published at their time?"),
    Question(
        "purpose_stated", "representativeness", "Does the provider state which market or strategy the index measures?"
    ),
    Question("universe_by_rule", "representativeness", "Does a rule, not a committee, say which assets can be in?", 2),
    Question(
        "coverage_high",
        "representativeness",
        "Do the constituents make up half or more of the market's capitalisation?",
    ),
    Question("not_concentrated", "representativeness", "Do the three largest constituents weigh 70% or less?"),
    Question("weights_by_rule", "representativeness", "Do weights follow from market data by a rule?", 2),
    Question(
        "liquidity_screen",
        "liquidity",
        "Must an asset have traded a stated amount, or on a stated number of venues, to be in?",
        2,
    ),
    Question(
        "constituents_liquid",
        "liquidity",
        "Does every constituent trade 10 million dollars a day (median of 30 days)?",
        2,
    ),
    Question(
        "venues_enough", "liquidity", "Is every price made of three or more venues that do not depend on each other?"
    ),
    Question(
        "robust_prices", "liquidity", "Can one venue or one large trade hardly move a price (median, cap, trimming)?"
    ),
    Question("inputs_guarded", "liquidity", "Are absurd prices and supplies held back before they count?"),
    Question("administrator_named", "independence", "Is a legal person named who is responsible for the index?"),
    Question(
        "conflicts_managed",
        "independence",
        "Are conflicts of interest (own positions, listed tokens, paid inclusion) disclosed and managed?",
        2,
    ),
    Question("oversight", "independence", "Does somebody who does not run the index oversee it?"),
    Question(
        "decisions_bounded", "independence", "Is every decision outside the rules limited, reasoned and published?", 2
    ),
    Question("complaints", "independence", "Is there a procedure for complaints with deadlines?"),
    Question(
        "schedule_stated", "consistency", "Is the schedule of determinations, announcements and changes stated?", 2
    ),
    Question("missing_data_rule", "consistency", "Is it stated what happens when a price is missing?"),
    Question("events_rule", "consistency", "Is it stated how forks, redenominations and delistings are treated?"),
    Question("turnover_bounded", "consistency", "Do buffers, smoothing or steps keep turnover down?"),
    Question("recalculated", "consistency", "Was the history recalculated from rules and data, and found equal?", 2),
)
BY_KEY = {question.key: question for question in QUESTIONS}


class Answer(BaseModel):
    """The answer to one question.

    Attributes:
        answer: yes, partly, no or unknown.
        evidence: Where it is written or how it was found: a page, a figure, a date. A yes or partly needs one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    answer: Reply
    evidence: str = ""


class Questionnaire(BaseModel):
    """Answers about one index; a question left out counts as unknown.

    Attributes:
        index: Name of the index.
        provider: Who runs it.
        reviewer: Who answered.
        date: When.
        answers: By the key of the question.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra=lambda schema: schema["properties"]["answers"].update(propertyNames={"enum": list(BY_KEY)}),
    )

    index: str = Field(min_length=1, max_length=120, strict=True)
    provider: str = Field("", strict=True)
    reviewer: str = Field(min_length=1, strict=True)
    date: date
    answers: Mapping[str, Answer]

    @field_validator("answers")
    @classmethod
    def _known_and_shown(cls, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
        for key, answer in answers.items():
            if key not in BY_KEY:
                raise ValueError(f"there is no question {key!r}{nearest_hint(key, BY_KEY)}")
            if answer.answer in ("yes", "partly") and not answer.evidence.strip():
                raise ValueError(f"{key}: the answer {answer.answer!r} needs evidence")
        return answers

    @staticmethod
    def parse(text: str, where: str = "questionnaire") -> Questionnaire:
        """Return the questionnaire of a YAML 1.2 or JSON text.

        Raises:
            MethodologyError: Not such a text, an unknown question, or a yes without evidence.

        >>> text = "index: X\\nreviewer: me\\ndate: 2024-05-01\\nanswers: {oversight: {answer: yes, evidence: page 4}}"
        >>> Questionnaire.parse(text).answers["oversight"].answer
        'yes'
        """
        value: Any = parse_yaml(text)
        if not isinstance(value, Mapping):
            raise MethodologyError(f"{where}: expected keys such as index, reviewer, date and answers")
        try:
            return Questionnaire.model_validate(dict(value))
        except ValidationError as error:
            # A misspelt key is told before the key that it leaves missing.
            problem = min(error.errors(), key=lambda entry: entry["type"] != "extra_forbidden")
            place = ".".join(str(part) for part in problem["loc"])
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                known = [*Questionnaire.model_fields, *Answer.model_fields]
                message = f"unknown key{nearest_hint(str(problem['loc'][-1]), known)}"
            raise MethodologyError(f"{where}: {place}: {message}") from error


def questionnaire_template() -> str:
    """Return an empty questionnaire in YAML: every question with its text, answered unknown.

    >>> Questionnaire.parse(questionnaire_template()).answers["oversight"].answer
    'unknown'
    """
    lines = ["index: Name of the index", 'provider: ""', "reviewer: Your name", "date: 2024-01-01", "answers:"]
    for criterion in CRITERIA:
        lines.append(f"  # {criterion}")
        for question in (entry for entry in QUESTIONS if entry.criterion == criterion):
            lines += [f"  # {question.text}", f'  {question.key}: {{answer: unknown, evidence: ""}}']
    return "\n".join(lines) + "\n"
