"""Every registered adapter is held to the contract; one without a harness fails."""

from __future__ import annotations

from connector.adapters.registry import names
from tests.contract import contract_suite
from tests.contract.harnesses import HARNESSES, VARIANTS
from tests.contract.served import SERVED  # run against their servers by tests/services

for _name, _harness in (HARNESSES | VARIANTS).items():
    if _harness.adapter in names():  # one that is not registered yet is not tested yet
        globals()[f"Test_{_name}"] = contract_suite(_harness)


def test_every_registered_adapter_has_a_harness() -> None:
    """An adapter is not finished before it is held to the contract."""
    assert [name for name in names() if name not in HARNESSES | SERVED] == []


def test_no_harness_is_left_over() -> None:
    """A harness names an adapter that exists, under the name that settings use."""
    for name, harness in (HARNESSES | SERVED).items():
        assert harness.adapter == name
