"""Tests against real servers, which `make test-services` runs."""
