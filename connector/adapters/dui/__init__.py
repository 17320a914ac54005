"""Readers of DUI exports."""
