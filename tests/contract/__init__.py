"""The contract of every adapter. A vendor's test is one line: `TestMine = contract_suite(MY_HARNESS)`."""

from tests.contract.suite import contract_suite

__all__ = ["contract_suite"]
