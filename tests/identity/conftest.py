"""The laws' world, for tests of identity."""

from tests.laws.conftest import world

__all__ = ["world"]
