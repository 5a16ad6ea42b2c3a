"""`python -m local.demo`: the whole play on this machine. Exit status 1 when any figure is wrong."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from local import leaks, machine
from local.demo.play import Play
from local.demo.story import scenes
from local.demo.verdict import figures, slow, wrong
from local.demo.view import View, timeline

BUILD = machine.ROOT / "build"


def _interrupted(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)


def main() -> int:
    signal.signal(signal.SIGTERM, _interrupted)
    began = time.monotonic()
    ran_before = machine.recall() is not None
    try:
        house = machine.up(say=_say)
        return _perform(house, began)
    except KeyboardInterrupt:
        _say("stopped; cleaning up")
        return 130
    except RuntimeError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    finally:
        if not ran_before:
            machine.down()


def _perform(house: machine.Machine, began: float) -> int:
    ready = time.monotonic() - began
    _say(f"\nEverything runs after {ready:.0f} s. Customers order on the simulated Amazon:\n")
    play = Play(house, scenes())
    try:
        play.run(View(play).draw)
        found = figures(play.acts, play.evidence())
    finally:
        play.close()
    leaked = leaks.search(house)
    found |= {
        "canaries_found": sum(leaked.places.values()),
        "places_searched": sum(leaked.searched.values()),
        "setup_s": round(ready, 1),
        "play_s": round(time.monotonic() - play.began, 1),
        "total_s": round(time.monotonic() - began, 1),
    }
    print(f"\n{timeline(play.acts)}\n")
    _write(BUILD / "demo.json", found)
    complaints = wrong(found)
    for place, count in leaked.places.items():
        complaints.append(f"{count} times in {place}")
    for complaint in complaints:
        print(f"WRONG: {complaint}")
    if remark := slow(found):
        print(f"SLOW: {remark}")
    print("\nThe demo failed." if complaints else "\nEvery order came to its end, each exactly once.")
    return 1 if complaints else 0


def _write(path: Path, found: dict[str, float]) -> None:
    width = max(map(len, found))
    print("\n".join(f"{name:{width}}  {value:g}" for name, value in found.items()))
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
