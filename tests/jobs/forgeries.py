"""All forgeries of a signed index, by kind, each with what refuses it beside the signature."""

from tests.jobs import forgeries_of_figures, forgeries_of_files, forgeries_of_record
from tests.jobs.forgery import FORGERIES, Forgery

__all__ = ["FORGERIES", "Forgery", "forgeries_of_figures", "forgeries_of_files", "forgeries_of_record"]
