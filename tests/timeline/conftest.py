"""The laws' world, for tests of the timeline."""

from tests.laws.conftest import world

__all__ = ["world"]
