"""Readers of e-prescriptions and of the cahier de liaison."""
