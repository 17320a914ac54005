"""The contract of every adapter, as a test class: it ships, so that a vendor's package holds its own adapter to it.

Needs pytest, which the program itself does not. A vendor's test is one line:

    TestMine = contract_suite(Harness("mon_logiciel", write=…, says=…, empty=…, faults=…))
"""

import pytest

pytest.register_assert_rewrite("connector.contract.harness", "connector.contract.suite")

from connector.contract.harness import Fault, Harness, Records, files_of  # noqa: E402 - asserts are rewritten first
from connector.contract.suite import Contract, contract_suite  # noqa: E402 - the same

__all__ = ["Contract", "Fault", "Harness", "Records", "contract_suite", "files_of"]
