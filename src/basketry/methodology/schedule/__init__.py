"""Schedules: when an index is determined, announced and takes effect, and when it is calculated."""

from basketry.methodology.schedule.calculation import CalculationCalendar
from basketry.methodology.schedule.dates import rebalance_dates
from basketry.methodology.schedule.review import Review, check_reviews, reviews_among
from basketry.methodology.schedule.schedule import RebalanceDate, Schedule, Transition

__all__ = [
    "CalculationCalendar",
    "RebalanceDate",
    "Review",
    "Schedule",
    "Transition",
    "check_reviews",
    "rebalance_dates",
    "reviews_among",
]
