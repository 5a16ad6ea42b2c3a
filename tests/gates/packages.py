"""pip-audit over everything that is deployed or installed to deploy it: is a known vulnerability among it?"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.gates.finding import BrokenError, Finding, NotRunError
from tests.gates.scanner import GATES, answer, run

# Known to be vulnerable since 2018: a service that does not report it is none. Offline, pip-audit calls all clean.
CANARY = "django==2.0"


@dataclass(frozen=True, slots=True)
class Service:
    """Who knows the vulnerabilities: the package index itself, or another that speaks OSV."""

    osv_url: str = ""

    @property
    def options(self) -> list[str]:
        return ["--vulnerability-service", "osv", "--osv-url", self.osv_url] if self.osv_url else []


def pins(*requirements: Path) -> list[str]:
    """`name==version` of every package that these files pin."""
    lines = [line for path in requirements for line in path.read_text(encoding="utf-8").splitlines()]
    return [found[0] for line in lines if (found := re.match(r"[A-Za-z0-9][\w.-]*==[^\s;\\]+", line))]


def installed() -> list[str]:
    """What requirements.txt brought with it, as this environment has it. pip itself belongs to Python."""
    found = {one.name.lower(): one.version for one in metadata.distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name not in {"pip", "setuptools"}]


def not_installed(requirements: Path) -> list[Finding]:
    """Pins that this environment does not follow: what is audited would not be what they say."""
    there = {canonical(pin) for pin in installed()}
    return [
        Finding("not-installed", pin, f"{requirements.name} pins it, .venv has something else: make .venv/.complete")
        for pin in pins(requirements)
        if canonical(pin) not in there
    ]


def canonical(pin: str) -> str:
    name, _, version = pin.partition("==")
    return f"{re.sub('[-_.]+', '-', name).lower()}=={version}"


def pip_audit(pinned: Sequence[str], service: Service | None = None) -> list[Finding]:
    """Always strict: a package that cannot be looked up is an error. NotRunError where no service answers at all."""
    asked = service or Service()
    if not _answers(asked):
        msg = f"no network: no vulnerability service there that knows {CANARY}"
        raise NotRunError(msg)
    wanted = sorted({canonical(pin) for pin in pinned})
    found = _looked_up(wanted, asked)
    if missing := set(wanted) - found.keys():
        msg = f"pip-audit passed over {', '.join(sorted(missing))}"
        raise BrokenError(msg)
    return [
        Finding(one["id"], pin, f"fixed in {', '.join(one['fix_versions']) or 'no version yet'}")
        for pin, vulnerabilities in found.items()
        for one in vulnerabilities
    ]


def _answers(service: Service) -> bool:
    try:
        return bool(_looked_up([CANARY], service).get(CANARY))
    except BrokenError:
        return False


def _looked_up(pinned: Sequence[str], service: Service) -> dict[str, list[dict[str, Any]]]:
    """`name==version` → its known vulnerabilities. BrokenError unless every single one was looked up."""
    options = ["--strict", "--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text("\n".join(pinned) + "\n", encoding="utf-8")
        options += [*service.options, "--timeout", "10", "--requirement", str(requirements)]
        done = run(GATES / "pip-audit", options)
    if not done.stdout.strip():
        raise BrokenError(done.stderr.strip()[-2000:])
    return {canonical(f"{one['name']}=={one['version']}"): one["vulns"] for one in answer(done)["dependencies"]}
