"""Schedules: when an index is determined, announced and takes effect, and when it is calculated."""

from basketry.methodology.schedule.calculation import CalculationCalendar
from basketry.methodology.schedule.dates import rebalance_dates
from basketry.methodology.schedule.schedule import RebalanceDate, Schedule, Transition

__all__ = ["CalculationCalendar", "RebalanceDate", "Schedule", "Transition", "rebalance_dates"]
