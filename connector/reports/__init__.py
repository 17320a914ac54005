"""Outputs for people and machines: console, HTML, XLSX, CSV, JSON and the lists that stay on site."""
