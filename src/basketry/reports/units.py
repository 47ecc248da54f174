"""How determined weights become units of a basket, in sentences and formulas."""

from __future__ import annotations

from basketry.methodology.rulebook import Rulebook

FIXED = {
    "weights": "At a change the determined weights w become units at P, the prices of the effective instant.",
    "units": "At a change units are those that the determined weights w have at the prices of the determination, "
    "marked d, so that weights have drifted by the effective instant.",
    "supply": "At a change the supplies that were determined are weighted at P, the prices of the effective instant, "
    "and limits are applied there, which gives the weights w.",
}


def units_of(rules: Rulebook) -> list[tuple[str, str]]:
    """Return how weights, which are shares of the whole index, become units: sentences, each with its formula or ''."""
    fix, weight = rules.schedule.fix, rules.weight
    price = "P_i^d" if fix == "units" else "P_i"
    by_weight = f"q_i = w_i V / {price}"
    if not weight.rule.counts_units:
        found = [
            (FIXED[fix], by_weight),
            ("V is the value of the basket before, at the effective instant; at the base it is the base level.", ""),
        ]
    else:
        found = [(FIXED[fix], by_weight if fix == "weights" else "q_i = S_i f_i")]
        if fix == "weights":
            beside = "" if weight.cash is None else ", and cash beside them"
            total = "V = Σ_j P_j^d S_j f_j"
            words = f"V is what the limited units are worth at the prices of the determination, marked d{beside}."
            found.append((words, total if weight.cash is None else f"{total} / (1 - c)"))
        lifted = "counts as not limited" if fix == "weights" else "counts as not limited, and has units by its weight"
        words = (
            "S are the units that the weighting counts, r the weights before limits, and f the capping factors, of "
            f"which the largest is 1. An asset that a limit lifts from no weight {lifted}."
        )
        found.append((words, "f_i = (w_i / r_i) / max_j (w_j / r_j)"))
    if weight.cash is not None:
        words = "Cash has its weight c beside what the others are worth at the same prices."
        found.append((words, f"q_cash = c / (1 - c) · Σ_(i≠cash) q_i {price} / P_cash"))
    gone = "An asset without a fresh price at the effective instant is left out; its weight goes to the other assets."
    return [*found, (gone, "")]
