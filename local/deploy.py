"""`python -m local.deploy`: puts the CDK app onto the emulator with the real CDK command line, or finds it there."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local.emulator import server

ROOT = Path(__file__).resolve().parents[1]
RUN = ROOT / "build" / "run"
CDK = ROOT / "node_modules" / ".bin" / "cdk"
STAGE = "dev"
_DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}

Say = Callable[[str], object]
Context = Mapping[str, str]


def deploy(context: Context, cloud: server.Running, *, run: Path = RUN, say: Say = print) -> dict[str, str]:
    """The outputs of the Flow stack on the emulator, deployed with `context` (`-c name=value`).

    Nothing is done when the same app with the same context is there already.
    """
    environ = {**os.environ, **cloud.environ, "CDK_DISABLE_CLI_TELEMETRY": "true", "CI": "true"}
    context = {"stage": STAGE, "local": "1", **context}
    fingerprint = _fingerprint(context)
    found = _deployed(run, cloud, fingerprint)
    if found is not None:
        say("deploy: the app is already there, unchanged")
        return found
    install_tools(say=say)
    began = time.monotonic()
    say("deploy: synthesising the app and bootstrapping the emulator")
    assembly = run / "cdk.out"
    synth = _start(["synth", "--quiet", "--output", str(assembly), *_options(context)], environ, run / "synth.log")
    try:
        _bootstrap(cloud, environ, run / "bootstrap.log")
    finally:
        _finish(synth, "synth", run / "synth.log")
    _show_left_out(run / "synth.log", say)
    say(f"deploy: putting the stacks onto the emulator ({time.monotonic() - began:.0f} s so far)")
    outputs = _put(context["stage"], assembly, environ, run)
    _remember(run, cloud, fingerprint, context["stage"], outputs)
    say(f"deploy: done in {time.monotonic() - began:.0f} s")
    return outputs


def install_tools(*, say: Say = print) -> None:
    """The pinned CDK command line in node_modules, from package-lock.json, if it is not there."""
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["devDependencies"]["aws-cdk"]
    manifest = ROOT / "node_modules" / "aws-cdk" / "package.json"
    if CDK.exists() and json.loads(manifest.read_text(encoding="utf-8"))["version"] == wanted:
        return
    npm = shutil.which("npm")
    if npm is None:
        msg = "npm was not found; the CDK command line needs Node.js 20 or newer"
        raise RuntimeError(msg)
    say(f"deploy: installing the CDK command line {wanted}")
    done = subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"npm ci failed:\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)


def client(service: str, cloud: server.Running) -> Any:
    """A boto3 client of the emulator, as the account's root, whatever the environment says."""
    return boto3.client(
        service,
        endpoint_url=cloud.url,
        region_name=server.REGION,
        aws_access_key_id=server.ACCOUNT,
        aws_secret_access_key="local",  # noqa: S106 - the emulator takes any
        verify=cloud.certificate or None,
    )


def _bootstrap(cloud: server.Running, environ: Mapping[str, str], log: Path) -> None:
    if _stack(cloud, "CDKToolkit") is None:
        target = f"aws://{server.ACCOUNT}/{server.REGION}"
        _finish(_start(["bootstrap", "--app", "", target], environ, log), "bootstrap", log)


def _put(stage: str, assembly: Path, environ: Mapping[str, str], run: Path) -> dict[str, str]:
    stacks = [f"Bridge-{stage}-State", f"Bridge-{stage}-Flow"]
    answer = run / "outputs.json"
    answer.unlink(missing_ok=True)
    options = ["--app", str(assembly), "--require-approval", "never", "--method", "direct", "--progress", "events"]
    log = run / "deploy.log"
    _finish(_start(["deploy", *stacks, *options, "--outputs-file", str(answer)], environ, log), "deploy", log)
    outputs: dict[str, str] = json.loads(answer.read_text(encoding="utf-8"))[stacks[-1]]
    return outputs


def _options(context: Context) -> Iterator[str]:
    for name, value in context.items():
        yield from ("-c", f"{name}={value}")


def _start(arguments: list[str], environ: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        return subprocess.Popen(
            [str(CDK), *arguments], cwd=ROOT, env=dict(environ), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )


def _finish(process: subprocess.Popen[bytes], what: str, log: Path) -> None:
    try:
        status = process.wait()
    except BaseException:
        process.terminate()
        raise
    if status:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        msg = f"cdk {what} ended with status {status}; see {log}:\n{tail}"
        raise RuntimeError(msg)


def _show_left_out(log: Path, say: Say) -> None:
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("local:"):
            say(f"deploy: {line}")


def _fingerprint(context: Context) -> str:
    """Of everything that the templates and the assets are made from."""
    digest = hashlib.sha256(json.dumps(sorted(context.items())).encode())
    single = [ROOT / name for name in ("app.py", "cdk.json", "requirements.txt", "package.json")]
    trees = [path for tree in ("infra", "functions") for path in (ROOT / tree).rglob("*") if path.is_file()]
    for path in [*single, *sorted(trees)]:
        if "__pycache__" not in path.parts and (ROOT / "functions" / "bridge" / "cli") not in path.parents:
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _stack(cloud: server.Running, name: str) -> dict[str, Any] | None:
    try:
        stacks = client("cloudformation", cloud).describe_stacks(StackName=name)["Stacks"]
    except ClientError:
        return None
    found: dict[str, Any] | None = next((stack for stack in stacks if stack["StackStatus"] in _DONE), None)
    return found


def _deployed(run: Path, cloud: server.Running, fingerprint: str) -> dict[str, str] | None:
    record = run / "deployed.json"
    if not record.is_file():
        return None
    known = json.loads(record.read_text(encoding="utf-8"))
    if known["fingerprint"] != fingerprint or known["url"] != cloud.url:
        return None
    stack = _stack(cloud, known["stack"])
    # An emulator that was wiped and filled by somebody else gives the stack another id.
    if stack is None or stack["StackId"] != known["id"]:
        return None
    outputs: dict[str, str] = known["outputs"]
    return outputs


def _remember(run: Path, cloud: server.Running, fingerprint: str, stage: str, outputs: dict[str, str]) -> None:
    name = f"Bridge-{stage}-Flow"
    stack = _stack(cloud, name)
    if stack is not None:
        record = {
            "fingerprint": fingerprint,
            "url": cloud.url,
            "stack": name,
            "id": stack["StackId"],
            "outputs": outputs,
        }
        (run / "deployed.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.deploy", description=__doc__)
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE", help="as for cdk")
    parser.add_argument("--run", type=Path, default=RUN, help="the directory that the emulator was started in")
    asked = parser.parse_args()
    running = server.recall(asked.run)
    if running is None:
        parser.error("the emulator does not run: `python -m local.emulator start`")
    context = dict(pair.split("=", 1) for pair in asked.context)
    print(json.dumps(deploy(context, running, run=asked.run), indent=1))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
