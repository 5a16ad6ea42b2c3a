"""The channels inside AWS on the emulator."""

from __future__ import annotations

import pytest

from tests.integration.publishing import EventBridgeKit, FileDropKit, SqsKit

pytestmark = pytest.mark.emulator


class TestSqsOnTheEmulator(SqsKit):
    """A standard queue."""


class TestEventBridgeOnTheEmulator(EventBridgeKit):
    """A rule with a queue behind it."""


class TestFileDropOnTheEmulator(FileDropKit):
    """A bucket that keeps versions."""
