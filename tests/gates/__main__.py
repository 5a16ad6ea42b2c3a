"""`python -m tests.gates [name …]`: runs the gates, a line each, and ends with 1 if anything was found."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.gates import acknowledged, own_rules, packages, python_code, sbom, synthesis, templates, workflows
from tests.gates.finding import Acknowledged, BrokenError, Finding, NotRunError, left
from tests.gates.scanner import ROOT
from tests.gates.tree import files, key, remember_clean, was_clean

PRODUCT = ("functions", "infra", "local", "app.py")
HIDDEN = (".ci", ".github/workflows")
PLANTED = "tests/gates/planted"
WRITTEN = (*PRODUCT, "tests", "docs", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", "cdk.json", *HIDDEN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """`reads` names all that the result depends on; without it the gate always runs."""

    look: Callable[[], list[Finding]]
    remedy: str
    reads: Callable[[], str] | None = None
    acknowledged: tuple[Acknowledged, ...] = ()


def _written() -> list[Finding]:
    planted = files(PLANTED)
    return own_rules.semgrep([path for path in files(*WRITTEN) if path not in planted])


def _audited() -> list[Finding]:
    mine = ROOT / "requirements.txt"
    return packages.not_installed(mine) or packages.pip_audit(
        [*packages.pins(mine, ROOT / "functions" / "requirements.txt"), *packages.installed()]
    )


def _listed() -> list[Finding]:
    return sbom.check(sbom.write(), sbom.REQUIREMENTS, synthesis.layer())


_FIX = "Mend it, or argue for it in tests/gates/acknowledged.py."

# In an order in which two at a time do not wait for the same synthesis.
GATES = {
    "ruff": Gate(look=lambda: python_code.ruff(["."]), remedy="`make format` mends what a program can."),
    "mypy": Gate(look=lambda: python_code.mypy(PRODUCT[:3]), remedy="Say what the types are."),
    "cdk-nag": Gate(look=synthesis.nagged, reads=lambda: key(synthesis.READS), remedy=_FIX),
    "semgrep": Gate(
        look=_written, reads=lambda: key(WRITTEN), remedy="What to do stands beside each rule in tests/gates/rules."
    ),
    "bandit": Gate(
        look=lambda: python_code.bandit(PRODUCT),
        reads=lambda: key(PRODUCT),
        acknowledged=acknowledged.BANDIT,
        remedy=_FIX,
    ),
    "pip-audit": Gate(look=_audited, remedy="Raise the version; CONTRIBUTING.md, Dependencies."),
    "zizmor": Gate(
        look=lambda: workflows.zizmor(files(".github/workflows")), reads=lambda: key(HIDDEN), remedy="Pin by commit."
    ),
    "cfn-lint": Gate(
        look=lambda: templates.cfn_lint(synthesis.templates()),
        reads=synthesis.templates_key,
        acknowledged=acknowledged.CFN_LINT,
        remedy=_FIX,
    ),
    "checkov": Gate(
        look=lambda: templates.checkov(synthesis.templates()),
        reads=synthesis.templates_key,
        acknowledged=acknowledged.CHECKOV,
        remedy=_FIX,
    ),
    "sbom": Gate(look=_listed, remedy="The lock and the layer differ: remove build/layer, try again."),
}


def judge(name: str, gate: Gate) -> tuple[bool, str]:
    """Whether the gate is passed, and what to print."""
    begun = time.monotonic()
    try:
        stamp = gate.reads() if gate.reads else ""
        if stamp and was_clean(name, stamp):
            return True, f"{name:<10} {time.monotonic() - begun:5.1f} s  ok, unchanged"
        found = left(gate.look(), gate.acknowledged)
    except NotRunError as reason:
        return True, f"{name:<10} {time.monotonic() - begun:5.1f} s  not run: {reason}"
    except BrokenError as reason:
        return False, f"{name:<10} {time.monotonic() - begun:5.1f} s  CANNOT RUN: {reason}"
    took = f"{name:<10} {time.monotonic() - begun:5.1f} s"
    if found:
        lines = "\n".join(f"    {finding}" for finding in found)
        return False, f"{took}  {len(found)} FOUND\n{lines}\n    → {gate.remedy}"
    if stamp:
        remember_clean(name, stamp)
    return True, f"{took}  ok"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gates", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"one of {', '.join(GATES)}; none: all")
    parser.add_argument("--jobs", type=int, choices=(1, 2), default=2, help="how many at a time")
    given = parser.parse_args(arguments)
    if unknown := set(given.names) - GATES.keys():
        parser.error(f"no such gate: {', '.join(sorted(unknown))}")
    names = given.names or list(GATES)
    os.chdir(ROOT)
    with ThreadPoolExecutor(given.jobs) as pool:
        passed = True
        for fine, said in pool.map(lambda name: judge(name, GATES[name]), names):
            passed = passed and fine
            print(f"gate {said}", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
