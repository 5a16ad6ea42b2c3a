"""The app synthesised once for all who look at templates: cdk-nag beside it, then cfn-lint, checkov and the SBOM."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import re
import shutil
import sys
import tempfile
import threading
from pathlib import Path

from tests.gates.acknowledged import CDK_NAG
from tests.gates.finding import Finding
from tests.gates.scanner import OWN, ROOT, run
from tests.gates.tree import key

READS = ("infra", "functions", "app.py", "cdk.json")
ASSEMBLIES = ROOT / "build" / "gates" / "assembly"
REPORT = "cdk-nag.json"
APPLICATION = "amzn1.sp.solution.gates"
_ONE_AT_A_TIME = threading.Lock()


def assembly() -> Path:
    """Where templates, assets and cdk-nag's report lie; made if anything has changed that they are made of."""
    with _ONE_AT_A_TIME:
        return _assembly()


@functools.cache
def _assembly() -> Path:
    made = ASSEMBLIES / key(READS)
    if made.is_dir():
        return made
    ASSEMBLIES.mkdir(parents=True, exist_ok=True)
    old = [path for path in ASSEMBLIES.iterdir() if not path.name.startswith("making-")]
    # Made aside and renamed: one that was interrupted is none, and two at once do not mix.
    scratch = Path(tempfile.mkdtemp(dir=ASSEMBLIES, prefix="making-"))
    try:
        run(OWN / Path(sys.executable).name, ["-m", "tests.gates.synthesis", str(scratch)], fine=(0,))
        with contextlib.suppress(OSError):
            scratch.rename(made)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return made


def templates() -> list[Path]:
    return sorted(assembly().glob("*.template.json"))


def templates_key() -> str:
    """Names the templates' content but for the assets' names, which change with every line of the functions."""
    text = b"\0".join(path.read_bytes() for path in templates())
    return key(made=re.sub(rb"[0-9a-f]{64}", b"asset", text))


def nagged() -> list[Finding]:
    """What cdk-nag said when the app was synthesised."""
    report = json.loads((assembly() / REPORT).read_text(encoding="utf-8"))
    return [Finding(**one) for one in report]


def layer() -> Path:
    """The packages as they go to Lambda."""
    (found,) = assembly().glob("asset.*/python")
    return found


def _main(outdir: str) -> None:
    # In a process of their own: jsii starts Node, and half a minute's worth of modules.
    from infra.app import build  # noqa: PLC0415
    from tests.gates.nag import nag  # noqa: PLC0415

    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    app = build({**context, "application_id": APPLICATION, "api_hmac": "1", "erp_in": "1"}, outdir=outdir)
    findings = nag(app, CDK_NAG)
    app.synth()
    report = json.dumps([dataclasses.asdict(finding) for finding in findings], indent=1)
    (Path(outdir) / REPORT).write_text(report, encoding="utf-8")


if __name__ == "__main__":
    _main(sys.argv[1])
