"""The version of basketry."""

VERSION = "0.1.0"
