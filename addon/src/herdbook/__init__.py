"""Herdbook: a journal for a household, kept by its people and by the house itself."""

__version__ = "0.1.0"
