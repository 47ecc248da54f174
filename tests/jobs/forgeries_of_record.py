"""Forgeries of what a record says beside figures: announcements, publications, rules, releases, and its order."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.jobs.forged import Forged, Line
from tests.jobs.forgery import forgery, swap

from basketry.core.digest import canonical_json, digest_bytes
from basketry.methodology.methodology import Methodology

# Announcements.


@forgery("announcements")
def announcement_altered(f: Forged) -> None:
    f.of_kind("announced")[-1].body["holdings"][0][1] += 0.01


@forgery("announcements")
def announcement_moved_to_an_earlier_day(f: Forged) -> None:
    swap(f.of_kind("announced")[-1], announced_at="2020-04-25T00:00:00Z")


@forgery("announcements")
def announcement_told_at_an_earlier_instant(f: Forged) -> None:
    swap(f.of_kind("announced")[0], time="2020-02-24T00:00:00Z")


@forgery("announcements")
def announcement_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("announced")[-1])


@forgery("announcements")
def announcement_invented(f: Forged) -> None:
    line = f.of_kind("announced")[-1]
    extra = deepcopy(line)
    swap(extra, effective_at="2020-05-08T00:00:00Z")
    f.lines.insert(f.lines.index(line) + 1, extra)


# Publications.


@forgery("readable")
def through_of_a_publication_earlier(f: Forged) -> None:
    swap(f.of_kind("published")[-1], through="2020-05-09T00:00:00Z")


@forgery("readable")
def through_of_a_publication_later(f: Forged) -> None:
    swap(f.of_kind("published")[-1], through="2020-05-11T00:00:00Z")


@forgery("")
def approver_of_a_publication(f: Forged) -> None:
    swap(f.of_kind("published")[3], approver="Somebody else")


@forgery("")
def approver_throughout(f: Forged) -> None:
    for line in f.lines:
        if line.kind in ("published", "restatement", "released", "ended") or line.kind == "amended":
            swap(line, approver="Somebody else")


@forgery("publications")
def known_by_of_a_publication_earlier(f: Forged) -> None:
    swap(f.of_kind("published")[-1], known_by="2020-05-10T00:30:00Z")


@forgery("publications")
def known_by_of_a_publication_later(f: Forged) -> None:
    swap(f.of_kind("published")[-1], known_by="2020-05-10T02:00:00Z")


def known(f: Forged, number: int, by: str) -> None:
    """Let a publication, and its lines, know something else."""
    ends = [place for place, line in enumerate(f.lines) if line.kind == "published"]
    for line in f.lines[ends[number - 1] + 1 : ends[number] + 1]:
        if "known_by" in line.body:
            swap(line, known_by=by)
    f.digests()


@forgery("publications")
def known_by_of_publication_and_lines_after_it_was_written(f: Forged) -> None:
    known(f, -1, "2020-05-10T02:00:00Z")


@forgery("readable")
def known_by_of_publication_and_lines_before_the_one_before(f: Forged) -> None:
    known(f, -1, "2020-05-01T00:00:00Z")


@forgery("record")
def known_by_of_publication_and_lines_nothing(f: Forged) -> None:
    swap(f.of_kind("published")[-1], known_by=None)


@forgery("publications")
def inputs_of_a_publication(f: Forged) -> None:
    swap(f.of_kind("published")[-1], inputs="0" * 64)


@forgery("")
def inputs_of_a_publication_before_a_restatement(f: Forged) -> None:
    swap(f.of_kind("published")[0], inputs="0" * 64)


@forgery("manifest")
def software_of_a_publication(f: Forged) -> None:
    swap(f.of_kind("published")[1], software="9.9.9")


@forgery("")
def software_of_a_publication_in_manifest_too(f: Forged) -> None:
    swap(f.of_kind("published")[1], software="9.9.9")
    f.complete()


@forgery("record")
def software_of_a_publication_unsaid(f: Forged) -> None:
    swap(f.of_kind("published")[1], software=None)


@forgery("record")
def software_of_all_publications_unsaid_and_their_digests_invented(f: Forged) -> None:
    for line in f.of_kind("published"):
        swap(line, software=None, inputs="0" * 64)


@forgery("publications")
def publication_removed_from_between(f: Forged) -> None:
    f.lines.remove(f.of_kind("published")[5])


# Amendments and decisions.


@forgery("record")
def effective_of_an_amendment(f: Forged) -> None:
    swap(f.of_kind("amended")[0], effective="2020-04-21T00:00:00Z")


@forgery("record")
def versions_counted_by_an_amendment(f: Forged) -> None:
    f.of_kind("amended")[0].body["rules"]["versions"] = 2


@forgery("record")
def digest_of_an_amendment(f: Forged) -> None:
    f.of_kind("amended")[0].body["rules"]["digest"] = "0" * 64


@forgery("record")
def amendment_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("amended")[1])


@forgery("record")
def amendment_that_changes_nothing_invented(f: Forged) -> None:
    line = deepcopy(f.of_kind("amended")[1])
    swap(line, before=line.body["rules"], effective="2020-05-20T00:00:00Z")
    place = f.lines.index(f.of_kind("published")[-2]) + 1
    f.lines.insert(place, Line("amended", line.body, f.lines[place - 1].at))


def ruled(f: Forged, change: Callable[[dict[str, Any]], None], *, recorded: bool) -> None:
    """Change the rulebook, and where `recorded` what the record says of it."""
    document = Methodology.parse(f.rules, "forged").document
    plain = json.loads(canonical_json(document))
    change(plain)
    f.rules = Methodology.load(plain).to_yaml()
    f.manifest["methodology"] = {**f.manifest["methodology"], "digest": Methodology.load(plain).digest}
    if recorded:
        f.of_kind("amended")[-1].body["rules"]["digest"] = digest_bytes(canonical_json(plain).encode())


@forgery("record", recorded=False)
def rulebook_edited(f: Forged) -> None:
    ruled(f, lambda rules: rules["select"].update(top=2), recorded=False)


@forgery("record")
def rulebook_edited_with_the_last_digest(f: Forged) -> None:
    ruled(f, lambda rules: rules["select"].update(top=2), recorded=True)


@forgery("events")
def reason_of_a_decision_in_the_rulebook(f: Forged) -> None:
    ruled(f, lambda rules: rules["overrides"][0].update(reason="a whim"), recorded=True)


@forgery("record", recorded=False)
def remark_in_the_rulebook(f: Forged) -> None:
    f.rules += "# Weights are decided by the committee.\n"


# Beginning, releases, end.


@forgery("record")
def name_in_the_first_line(f: Forged) -> None:
    swap(f.lines[0], name="Four")


@forgery("manifest")
def simulated_in_the_first_line(f: Forged) -> None:
    swap(f.lines[0], simulated=True)


@forgery("record")
def a_word_more_in_the_first_line(f: Forged) -> None:
    swap(f.lines[0], endorsed_by="a regulator")


@forgery("gate")
def release_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("released")[0])


@forgery("gate")
def release_invented(f: Forged) -> None:
    line = deepcopy(f.of_kind("released")[0])
    swap(line, time="2020-05-08T00:00:00Z")
    f.lines.insert(f.lines.index(f.of_kind("published")[-1]), Line("released", line.body, "2020-05-10T01:00:00Z"))


@forgery("gate")
def release_moved_to_a_later_publication(f: Forged) -> None:
    line = f.of_kind("released")[0]
    f.lines.remove(line)
    f.lines.insert(f.lines.index(f.of_kind("published")[-1]), Line("released", line.body, "2020-05-10T01:00:00Z"))


@forgery("gate")
def release_said_twice(f: Forged) -> None:
    line = f.of_kind("released")[0]
    f.lines.insert(f.lines.index(line), deepcopy(line))


@forgery("gate")
def release_invented_in_a_part_that_was_taken_back(f: Forged) -> None:
    place = f.lines.index(f.of_kind("restatement")[1]) - 1
    body = {
        "time": "2020-04-02T00:00:00Z",
        "found": "the level moves from 1.0000 to 1,000,000.0000, more than 2 times",
        "reason": "as the board ordered",
        "approver": "Somebody else",
    }
    f.lines.insert(place, Line("released", body, f.lines[place].at))


@forgery("gate")
def release_told_before_the_correction_that_it_belongs_to(f: Forged) -> None:
    line = deepcopy(f.of_kind("released")[0])
    place = f.lines.index(f.of_kind("restatement")[1])
    f.lines.insert(place, Line("released", line.body, f.lines[place].at))


@forgery("manifest")
def end_moved(f: Forged) -> None:
    swap(f.of_kind("ended")[0], last="2020-05-30T00:00:00Z")


@forgery("manifest")
def end_removed(f: Forged) -> None:
    f.lines.remove(f.of_kind("ended")[0])


@forgery("")
def end_removed_from_manifest_and_pages_too(f: Forged) -> None:
    f.lines.remove(f.of_kind("ended")[0])
    f.complete()


@forgery("")
def end_moved_in_manifest_and_pages_too(f: Forged) -> None:
    swap(f.of_kind("ended")[0], last="2020-05-30T00:00:00Z")
    f.complete()


@forgery("readable")
def end_before_what_was_published(f: Forged) -> None:
    swap(f.of_kind("ended")[0], last="2020-05-07T00:00:00Z")


# The record as a whole.


@forgery("record")
def tail_of_the_record_cut(f: Forged) -> None:
    end = f.lines.index(f.of_kind("published")[-2])
    f.lines = f.lines[: end + 1]


@forgery("")
def tail_cut_in_every_part(f: Forged) -> None:
    end = f.lines.index(f.of_kind("published")[-2])
    f.lines = f.lines[: end + 1]
    f.complete()


@forgery("record")
def lines_of_a_publication_in_another_order(f: Forged) -> None:
    place = f.lines.index(f.level("2020-05-07"))
    f.lines[place], f.lines[place + 1] = f.lines[place + 1], f.lines[place]


@forgery("readable")
def at_moved_back(f: Forged) -> None:
    f.of_kind("published")[4].at = "2020-03-01T00:00:00Z"


@forgery("publications")
def at_of_everything_before_the_data_were_known(f: Forged) -> None:
    first = f.lines.index(f.of_kind("ended")[0])
    for line in f.lines[first:]:
        line.at = "2020-05-06T02:00:00Z"


@forgery("readable")
def at_moved_forward(f: Forged) -> None:
    f.of_kind("published")[4].at = "2020-06-01T00:00:00Z"


@forgery("")
def at_of_the_last_publication_later(f: Forged) -> None:
    first = f.lines.index(f.of_kind("ended")[0]) + 1
    for line in f.lines[first:]:
        line.at = "2020-05-11T02:00:00Z"


@forgery("restatements")
def at_of_a_restatement_within_the_window(f: Forged) -> None:
    start = f.lines.index(f.of_kind("restatement")[0])
    end = f.lines.index(f.of_kind("published")[2])
    for line in f.lines[start : end + 1]:
        line.at = "2020-03-25T02:00:00Z"


@forgery("readable")
def at_removed_from_a_line(f: Forged) -> None:
    f.of_kind("published")[4].at = None


@forgery("record")
def at_removed_from_all_lines(f: Forged) -> None:
    for line in f.lines:
        line.at = None


@forgery("record")
def format_of_old_without_announcements(f: Forged) -> None:
    f.manifest["format"] = 1
    f.lines = [line for line in f.lines if line.kind != "announced"]


@forgery("readable")
def line_of_an_unknown_kind(f: Forged) -> None:
    f.lines.append(Line("audited", {"by": "a firm"}, f.lines[-1].at))


@forgery("record")
def lines_that_were_never_published(f: Forged) -> None:
    body = {**f.of_kind("level")[-1].body, "time": "2020-05-11T00:00:00Z"}
    f.lines.append(Line("level", body, f.lines[-1].at))
