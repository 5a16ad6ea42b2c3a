"""What a gate says: findings, the reasons why some of them stand, or why it could not look."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """`rule` is the scanner's own id; `where` a file and what is in it, a construct's path or a package."""

    rule: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}  {self.where}\n      {self.what}"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """One finding, or several alike, that stands for a reason. `at` is a pattern for `where`; the rule is exact."""

    rule: str
    at: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        return finding.rule == self.rule and fnmatch.fnmatchcase(finding.where, self.at)


class NotRunError(Exception):
    """What the gate needs is not there, and nobody here can bring it: printed, and no failure."""


class BrokenError(Exception):
    """The scanner did not do its work. That is a failure: what nobody looked at is not clean."""


def stale(found: Iterable[Finding], acknowledged: Iterable[Acknowledged]) -> list[Finding]:
    """Acknowledgements of what is no longer there: the next finding of that kind would slip through."""
    seen = list(found)
    what = "nothing is found there any more: take the row out of tests/gates/acknowledged.py"
    return [
        Finding("stale-acknowledgement", f"{row.rule} {row.at}", what)
        for row in acknowledged
        if not any(row.covers(finding) for finding in seen)
    ]


def left(found: Sequence[Finding], acknowledged: Sequence[Acknowledged]) -> list[Finding]:
    """What is neither fixed nor acknowledged, and what is acknowledged in vain."""
    open_ = [finding for finding in found if not any(row.covers(finding) for row in acknowledged)]
    return sorted(open_) + stale(found, acknowledged)
