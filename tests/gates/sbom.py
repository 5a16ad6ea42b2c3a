"""The list of what is shipped, as CycloneDX: made from functions/requirements.txt, checked against it and the layer."""

from __future__ import annotations

import json
import re
import tomllib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.gates.finding import BrokenError, Finding
from tests.gates.packages import canonical
from tests.gates.scanner import GATES, ROOT, run

REQUIREMENTS = ROOT / "functions" / "requirements.txt"
SBOM = ROOT / "build" / "sbom.json"
_SCHEMA = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1], encoding="utf-8").read())
print(str(wrong).partition("\\n")[0] if wrong else "")
"""

Hashes = Mapping[str, frozenset[str]]
"""`name==version` → the sha256 digests that its files may have."""


def locked(requirements: Path) -> Hashes:
    """What pip is allowed to install."""
    text = requirements.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"^([\w.-]+==\S+)(.*)$", text, re.MULTILINE)
    return {canonical(pin): frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", rest)) for pin, rest in found}


def write(requirements: Path = REQUIREMENTS, target: Path = SBOM) -> Path:
    """The same bytes for the same requirements: no time and no chance in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"], project["version"]
    packages = locked(requirements)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, repr((version, sorted(packages.items()))))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": name,
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": project["license"]}}],
                # Named and not listed: AWS chooses its version, and may change it under a running function.
                "properties": [{"name": "brought-by-aws-lambda", "value": "python3.13, boto3"}],
            }
        },
        "components": [_component(pin, hashes) for pin, hashes in sorted(packages.items())],
        "dependencies": [{"ref": name, "dependsOn": [_purl(pin) for pin in sorted(packages)]}],
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return target


def _purl(pin: str) -> str:
    return f"pkg:pypi/{pin.replace('==', '@')}"


def _component(pin: str, hashes: frozenset[str]) -> dict[str, Any]:
    name, _, version = pin.partition("==")
    return {
        "type": "library",
        "bom-ref": _purl(pin),
        "name": name,
        "version": version,
        "purl": _purl(pin),
        "hashes": [{"alg": "SHA-256", "content": digest} for digest in sorted(hashes)],
    }


def check(sbom: Path, requirements: Path, layer: Path) -> list[Finding]:
    """Every locked package with its hashes, every package of the layer, and no other."""
    listed = _listed(sbom)
    wanted = locked(requirements)
    shipped = {
        canonical("==".join(folder.name.removesuffix(".dist-info").rsplit("-", 1)))
        for folder in layer.glob("*.dist-info")
    }
    found = [Finding("missing", pin, f"{requirements.name} locks it") for pin in wanted.keys() - listed.keys()]
    found += [Finding("unlocked", pin, f"not in {requirements.name}") for pin in listed.keys() - wanted.keys()]
    found += [Finding("missing", pin, "it lies in the layer") for pin in shipped - listed.keys() - wanted.keys()]
    found += [Finding("not-shipped", pin, "it is not in the layer") for pin in listed.keys() - shipped]
    both = wanted.keys() & listed.keys()
    found += [Finding("other-hash", pin, "the lock has another") for pin in both if wanted[pin] != listed[pin]]
    found += [Finding("no-hash", pin, f"{requirements.name} has none") for pin in wanted if not wanted[pin]]
    return sorted([*found, *_schema(sbom)])


def _listed(sbom: Path) -> Hashes:
    components = json.loads(sbom.read_text(encoding="utf-8"))["components"]
    return {
        canonical(f"{one['name']}=={one['version']}"): frozenset(
            each["content"] for each in one.get("hashes", ()) if each["alg"] == "SHA-256"
        )
        for one in components
    }


def _schema(sbom: Path) -> list[Finding]:
    done = run(GATES / "python", ["-c", _SCHEMA, str(sbom)], fine=(0,))
    if not done.stdout:
        raise BrokenError(done.stderr)
    return [Finding("schema", sbom.name, done.stdout.strip())] if done.stdout.strip() else []
