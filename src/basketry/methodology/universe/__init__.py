"""Universe rules: which assets may be considered. A rule is a function from a panel to a yes or no an asset."""

from basketry.core.numbers import Bools, Floats
from basketry.core.rule import Registry, Rule
from basketry.market.panel import Panel

__all__ = ["UNIVERSE", "UniverseRule"]


class UniverseRule(Rule):
    """Base of the rules under `universe:`; an asset must pass all of them."""

    def keep(self, view: Panel, members: Bools) -> Bools:
        """Return which assets pass, shape (N,).

        Args:
            view: The panel as of the determination; it holds nothing later.
            members: Which assets are in the index now; a rule may be kinder to them.
        """
        del members
        return self.passes(view)

    def passes(self, view: Panel) -> Bools:
        """Return which assets pass, shape (N,): what a rule defines that judges members like all others."""
        raise NotImplementedError

    @property
    def heeds_members(self) -> bool:
        """Whether the rule looks at who is a member: whether it defines `keep` and not `passes`."""
        return type(self).keep is not UniverseRule.keep

    def measured(self, view: Panel) -> Floats | None:
        """Return the figure of each asset that the rule compares, shape (N,), or None where it compares none."""
        del view
        return None


UNIVERSE: Registry[UniverseRule] = Registry("universe rule", "universe", __name__)
