"""What can happen to an asset, and the ways in which a member leaves an index."""

from enum import StrEnum


class EventKind(StrEnum):
    """What can happen to an asset.

    A migration goes on under another id: the successor has the history of the old asset. In a merger the old
    asset is absorbed by one that has a history of its own. A name change leaves the asset what it is; where the
    data go on under another id, that is its `new_asset`, one for one.
    """

    REDENOMINATION = "redenomination"
    MIGRATION = "migration"
    MERGER = "merger"
    NAME_CHANGE = "name_change"
    HARD_FORK = "hard_fork"
    AIRDROP = "airdrop"
    DELISTING = "delisting"
    HALT = "halt"

    @property
    def converts(self) -> bool:
        """Whether units of the asset become units of another, or of itself, at a ratio."""
        return self in (EventKind.REDENOMINATION, EventKind.MIGRATION, EventKind.MERGER, EventKind.NAME_CHANGE)

    @property
    def continues(self) -> bool:
        """Whether the new asset has the history of the old one."""
        return self in (EventKind.MIGRATION, EventKind.NAME_CHANGE)

    @property
    def distributes(self) -> bool:
        """Whether holders are given units of a new asset beside those they hold."""
        return self in (EventKind.HARD_FORK, EventKind.AIRDROP)

    @property
    def departs(self) -> bool:
        """Whether the asset may leave the index: by a delisting, or by becoming one that the data do not hold."""
        return self in (EventKind.DELISTING, EventKind.MIGRATION, EventKind.MERGER, EventKind.NAME_CHANGE)


REMOVALS = ("remove_at_last_price", "remove_at_zero", "to_cash", "replace_by_next")
"""How an event may say that a member leaves: the words of a methodology's `events: delisting`, or replace_by_next."""
