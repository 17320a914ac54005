"""Outputs for people and machines: console, HTML, XLSX, CSV, JSON and the lists that stay on site."""

from connector.reports.bundle import write_all

__all__ = ["write_all"]
