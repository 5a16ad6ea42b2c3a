"""Dependencies: the layer with the functions' own packages, made by pip alone because all of them are pure Python."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra import ROOT

REQUIREMENTS = ROOT / "functions" / "requirements.txt"
LAYERS = ROOT / "build" / "layer"


class Dependencies(lambda_.LayerVersion):
    """Everything in functions/requirements.txt."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(
            scope,
            construct_id,
            code=lambda_.Code.from_asset(str(built())),
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.ARM_64],
            description="spapi-bridge: functions/requirements.txt",
        )


def built(requirements: Path = REQUIREMENTS, layers: Path = LAYERS) -> Path:
    """The directory to ship, made if the requirements changed. RuntimeError when pip cannot get a package."""
    digest = hashlib.sha256(requirements.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]
    directory = layers / digest
    if directory.is_dir():
        return directory
    layers.mkdir(parents=True, exist_ok=True)
    # Made aside and renamed, so that two builds at once (or one that was interrupted) never leave half a layer.
    scratch = Path(tempfile.mkdtemp(dir=layers, prefix="making-"))
    try:
        _install(requirements, scratch / "python")
        _strip(scratch / "python")
        scratch.chmod(0o755)
        try:
            scratch.rename(directory)
        except OSError:
            if not directory.is_dir():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return directory


def _install(requirements: Path, target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--only-binary", ":all:", "--no-deps", "--target", str(target)]
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*command, "--requirement", str(requirements)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PIP_ROOT_USER_ACTION": "ignore"},
    )
    if done.returncode:
        msg = (
            f"the runtime layer could not be made: pip could not install {requirements.name}. After a change of that "
            f"file it needs the package index once; synth works offline afterwards. pip said:\n{done.stderr.strip()}"
        )
        raise RuntimeError(msg)


def _strip(python: Path) -> None:
    """Leaves out what differs between machines; RuntimeError for compiled code, which would fit one machine only."""
    shutil.rmtree(python / "bin", ignore_errors=True)
    for name in ("RECORD", "REQUESTED", "INSTALLER", "direct_url.json"):
        for path in python.glob(f"*.dist-info/{name}"):
            path.unlink()
    compiled = [path.name for path in python.rglob("*") if path.suffix in {".so", ".pyd", ".pyc"}]
    if compiled:
        msg = f"the runtime layer must be pure Python, but holds {', '.join(sorted(compiled))}"
        raise RuntimeError(msg)
