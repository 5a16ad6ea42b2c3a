"""Chance that is the same for the same seed, whatever else was drawn before."""

from __future__ import annotations

import random
from collections import Counter

_CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


class Draws:
    """One independent series of draws per purpose; the n-th draw of a purpose depends on the seed only."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._drawn: Counter[str] = Counter()

    def named(self, *purpose: object) -> random.Random:
        """The draw that belongs to this very purpose, however often it is asked for."""
        return random.Random("/".join(map(str, (self.seed, *purpose))))  # noqa: S311 - repeatable, not secret

    def following(self, purpose: str) -> random.Random:
        """The next draw of this purpose."""
        self._drawn[purpose] += 1
        return self.named(purpose, self._drawn[purpose])

    def code(self, purpose: str, length: int) -> str:
        """Letters and digits as in Amazon's ids."""
        return "".join(self.following(purpose).choices(_CODE, k=length))

    def identity(self, purpose: str) -> str:
        """Looks like a UUID."""
        digits = f"{self.following(purpose).getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def digits(self, purpose: str, length: int) -> str:
        return "".join(self.following(purpose).choices("0123456789", k=length))
