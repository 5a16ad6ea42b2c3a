"""What is shipped to Lambda and how long it takes to import."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from infra import ROOT
from infra.app import build

RUNS = 15
NO_AWS = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_METRICS_NAMESPACE": "none",
}


def assets(directory: str) -> tuple[Path, Path]:
    """Code and layer as the CDK would upload them."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    build({**context, "application_id": "bench"}, outdir=directory).synth()
    staged = [path for path in Path(directory).glob("asset.*") if path.is_dir()]
    (code,) = [path for path in staged if (path / "bridge").is_dir()]
    (layer,) = [path for path in staged if (path / "python").is_dir()]
    return code, layer


def zipped(directory: Path) -> int:
    """Bytes of the archive that is uploaded."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(directory.rglob("*")):
            file.write(path, path.relative_to(directory))
    return archive.tell()


def weight(directory: Path) -> int:
    """Bytes of all files, not compressed."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def settings() -> dict[str, str]:
    """The environment of the orders lane, with names that nothing answers to."""
    from bridge.settings import Settings  # noqa: PLC0415 - `infra` makes it importable

    names = {name: "0" if name.endswith("_s") else "none" for name in Settings.__dataclass_fields__}
    return Settings(**{**names, "kinds": "fetch_order,read_back"}).environment()


def imports_ms(statement: str, places: list[Path], environ: Mapping[str, str], cache: Path) -> float:
    """Median over several processes of what the statement adds to a bare interpreter; byte code is cached."""
    told = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    told |= {**environ, "PYTHONPATH": os.pathsep.join(map(str, places)), "PYTHONPYCACHEPREFIX": str(cache)}

    def took(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], env=told, check=True, cwd=cache)
        return (time.perf_counter() - began) * 1000

    took(statement)
    pairs = [(took(statement), took("pass")) for _ in range(RUNS)]
    return statistics.median(full for full, _ in pairs) - statistics.median(bare for _, bare in pairs)


def figures() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        code, layer = assets(f"{scratch}/cdk.out")
        cache = Path(scratch) / "cache"
        cache.mkdir()
        modules = sorted(path.stem for path in (code / "bridge" / "domain").glob("*.py") if path.stem != "__init__")
        domain = "import " + ", ".join(f"bridge.domain.{name}" for name in modules)
        return {
            "code_asset_kb": weight(code) / 1000,
            "layer_zipped_mb": zipped(layer) / 1e6,
            "domain_import_ms": imports_ms(domain, [code], {}, cache),
            "order_lane_import_ms": imports_ms("import outbox", [code, layer / "python"], settings() | NO_AWS, cache),
        }
