"""What can be wrong with a JSON body: one strategy that does one wrong thing to it, and one that does several."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.adversarial.writing import Members, Raw, written

Json = Any
Draw = Callable[..., Any]
Path = tuple[Any, ...]

MIB = 2**20
CANARY = "Kanarie"
"""Stands for personal data. No id and no type that Amazon uses holds it, so that it must never be told anywhere."""
PERSON = f"{CANARY} <anna@example.com>"

NUMBERS = ["1e308", "-1e308", "1e999", "-0", "0.1", "NaN", "Infinity", "-Infinity", "9" * 40, "9" * 400, "9" * 5000]
LETTERS = [
    "\u202eabc\u202c", "שלום", "👩🏽‍🚀", "\x00", "a\x00b", "\ud800", "\udc00\ud83d", "é", "e\u0301", "ﬁ", "\u212b",
    "\ufeff", "\u2028", "\x7f", "İ", "ß", "", " ", "\t\r\n", "..", "a#b", "../x", "%00", "'\"\\",
]  # fmt: skip
WRONG = [None, True, False, 0, -1, 1.5, "", "x", [], {}, [None], {"": None}, [[]], [{}], "null", "true", "0"]


SELDOM = st.sampled_from([False] * 11 + [True])


def places(value: Json, path: Path = ()) -> Iterator[Path]:
    """Where something stands inside, by names and indexes."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in entries:
        yield (*path, name)
        yield from places(part, (*path, name))


def changed(value: Json, path: Path, change: Callable[[Json], Json]) -> Json:
    """A copy with something else at `path`."""
    if not path:
        return change(value)
    part = changed(value[path[0]], path[1:], change)
    if isinstance(value, dict):
        return {name: part if name == path[0] else old for name, old in value.items()}
    return [part if index == path[0] else old for index, old in enumerate(value)]


def planted(value: Json, draw: Draw) -> Json:
    """With personal data in every text, and in some names; what is needed to get far is put back by `addressed`."""
    if isinstance(value, dict):
        extra = {f"{PERSON} in a name": PERSON} if draw(SELDOM) else {}
        return {name: planted(part, draw) for name, part in value.items()} | extra
    if isinstance(value, list):
        return [planted(part, draw) for part in value]
    return f"{value} {PERSON}" if isinstance(value, str) else value


def _here(draw: Draw, body: Json) -> Path:
    return draw(st.sampled_from(list(places(body)) or [()]))


def _drop(draw: Draw, body: Json) -> Json:
    path = _here(draw, body)
    if not path:
        return body
    name = path[-1]

    def without(part: Json) -> Json:
        if isinstance(part, dict):
            return {other: value for other, value in part.items() if other != name}
        return [value for index, value in enumerate(part) if index != name]

    return changed(body, path[:-1], without)


def _put(draw: Draw, body: Json, new: st.SearchStrategy[Json]) -> Json:
    value = draw(new)
    return changed(body, _here(draw, body), lambda _: value)


def _add(draw: Draw, body: Json) -> Json:
    new = {draw(st.sampled_from([*LETTERS, "payload", "PAYLOAD", "detail", PERSON])): draw(st.sampled_from(WRONG))}
    return changed(body, _here(draw, body), lambda part: part | new if isinstance(part, dict) else [part, new])


def _recase(draw: Draw, body: Json) -> Json:
    case = draw(st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))
    return changed(
        body, _here(draw, body), lambda part: {case(k): v for k, v in part.items()} if isinstance(part, dict) else part
    )


def _twice(draw: Draw, body: Json) -> Json:
    """The same name again, in the same or another casing, with another value: at the top, as only that is open."""
    junk, case = draw(st.sampled_from(WRONG)), draw(st.sampled_from([str, str.lower, str.upper]))
    pairs = [pair for name, value in body.items() for pair in ((name, value), (case(name), junk))]
    return Members(tuple(pairs if draw(st.booleans()) else reversed(pairs)))


def _huge(draw: Draw, body: Json) -> Json:
    size = draw(st.sampled_from([2**8, 2**12, 2**16]))
    value = draw(st.sampled_from(["x" * size, [PERSON] * (size // 64), {str(n): n for n in range(size // 64)}]))
    return changed(body, _here(draw, body), lambda _: value)


def _deep(draw: Draw, body: Json) -> Json:
    depth = draw(st.sampled_from([10, 40, 50, 55, 60, 61, 62, 300, 100_000]))
    opened, closed = draw(st.sampled_from([("[", "]"), ('{"a":', "}")]))
    text = Raw(opened * depth + "1" + closed * depth)
    return changed(body, _here(draw, body), lambda _: text)


def _clock(draw: Draw, body: Json) -> Json:
    """Every time is up to a month early or late, or missing."""
    shift = draw(st.none() | st.floats(-30, 30))

    def moved(value: Json) -> Json:
        if isinstance(value, dict):
            return {name: moved(part) for name, part in value.items()}
        if isinstance(value, list):
            return [moved(part) for part in value]
        if not isinstance(value, str) or len(value) < 19:
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value
        return None if shift is None else (moment + timedelta(days=shift)).isoformat()

    return moved(body)


AMOUNTS = ["1E+999999", "9" * 40, "9" * 40 + ".01", "-0", "0E-8", "1_0", "NaN", "1e-40", "", "12,3"]
TIMES = [
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30T00:00:00Z",
    "2026-11-24",
]
COUNTS = [10**9, 10**9 + 1, 2**63, 10**40 + 1, -1, 0]


def _kind(value: Json) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return "count"
    if not isinstance(value, str):
        return ""
    if len(value) > 18 and value[4:5] == "-" and value[10:11] == "T":
        return "time"
    return "amount" if value.replace(".", "", 1).lstrip("-").isdigit() else "text"


EDGES = {"count": COUNTS, "time": TIMES, "amount": AMOUNTS, "text": [*LETTERS, "x" * 100_000]}


def _edge(draw: Draw, body: Json) -> Json:
    """A value of the right type that is none: in one place, or in all that hold the same kind of thing."""
    path = _here(draw, body)
    value = body
    for name in path:
        value = value[name]
    kind = _kind(value)
    if not kind:
        return body
    edge = draw(st.sampled_from(EDGES[kind]))
    if kind == "text" or draw(st.booleans()):
        return changed(body, path, lambda _: edge)
    return everywhere(body, kind, edge)


def everywhere(body: Json, kind: str, new: Json) -> Json:
    """With another value for all that holds the same kind of thing."""
    for place in list(places(body)):
        body = changed(body, place, lambda old: new if _kind(old) == kind else old)
    return body


def _on_eventbridge(_: Draw, body: Json) -> Json:
    return {"version": "0", "detail-type": "ANY", "source": "aws.partner/x", "time": None, "detail": body}


_LETTERS = st.lists(st.sampled_from([*LETTERS, PERSON]), max_size=3).map("".join)
WAYS: dict[str, Callable[[Draw, Json], Json]] = {
    "missing": _drop,
    "extra": _add,
    "wrong type": lambda draw, body: _put(draw, body, st.sampled_from(WRONG)),
    "number": lambda draw, body: _put(draw, body, st.sampled_from(NUMBERS).map(Raw)),
    "letters": lambda draw, body: _put(draw, body, _LETTERS),
    "edge": _edge,
    "edge again": _edge,
    "casing": _recase,
    "huge": _huge,
    "deep": _deep,
    "clock": _clock,
    "wrapped": _on_eventbridge,
}


@st.composite
def mutated(draw: Draw, body: Json) -> str:
    """One to three things wrong with the body, and at times with the text that it is written in."""
    for way in draw(st.lists(st.sampled_from(sorted(WAYS)), min_size=1, max_size=3)):
        body = WAYS[way](draw, body)
    if isinstance(body, dict) and draw(SELDOM):
        body = _twice(draw, body)
    text = written(body, escaped=draw(st.booleans()))
    return _spoilt(draw, text)[:MIB] if draw(SELDOM) else text


def _spoilt(draw: Draw, text: str) -> str:
    ways = [
        text[: draw(st.integers(0, len(text)))],
        f"{text}x",
        f"{text}\x00",
        f"{text}\ud800",
        f"\ufeff{text}",
        text + " " * max(0, MIB - len(text)),
    ]
    return draw(st.sampled_from(ways))
