"""The contract of every adapter, held by those of the package: see `connector.contract`."""

from connector.contract import contract_suite

__all__ = ["contract_suite"]
