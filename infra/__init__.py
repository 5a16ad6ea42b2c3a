"""What runs where: the CDK app. Importing it makes `bridge.settings` importable."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# jsii prints a page about Node's support dates on every synth; it is read when jsii starts, so it is set before.
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "18,20,22")

if str(ROOT / "functions") not in sys.path:
    sys.path.insert(0, str(ROOT / "functions"))
