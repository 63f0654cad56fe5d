"""Changes of valid files: of values at any depth, and of bytes."""

import copy
import json

from hypothesis import strategies as st

CODE = ("fuzz_canary:Renderer", "subprocess:Popen", "grid(renderer=fuzz_canary:Renderer)", "fuzz_canary")
VALUES = (
    *(None, True, False, 0, 1, -1, 2, 7, 255, 4096, 10**5, 2**31, 2**63, 2**64, 10**400),
    *(0.5, -0.0, 1.5, 1e-320, 1e9, 1e300, float("nan"), float("inf"), -float("inf")),
    *("", "x", "0", "transparent", "\0\n\x1b[31m", "ä" * 50_000, "/etc/passwd", "../a", "x.safetensors", *CODE),
    *([], {}, [[]], [None], [0.5] * 12, [1, 2], {"a": 1}, {"name": CODE[0], "options": {}}, {"png": "iVBORw0KGgo="}),
)
NAMES = ("renderer", "name", "options", "size", "rows", "overlap", "brush", "painter", "seed", "rule", "x")


def places(value, at=()):
    """Paths to all values within a value, without itself."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


@st.composite
def changed(draw, whole):
    """A value with one to three of the values within it replaced, dropped, doubled, or put beside."""
    value = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        found = sorted(places(value), key=lambda place: (len(place), str(place)))
        if not found:
            break
        shallow = [place for place in found if len(place) < 3 or not str(place[-1]).isdigit()]
        *path, key = draw(st.sampled_from(shallow or found) | st.sampled_from(found))
        holder = value
        for part in path:
            holder = holder[part]
        what = draw(st.sampled_from(["replace", "replace", "replace", "drop", "wrap", "beside", "nest"]))
        if what == "drop":
            del holder[key]
        elif what == "wrap":
            holder[key] = [holder[key]]
        elif what == "beside" and isinstance(holder, dict):
            holder[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif what == "nest":
            for _ in range(draw(st.sampled_from([1, 5, 400]))):
                holder[key] = [holder[key]]
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return value


@st.composite
def damaged(draw, whole):
    """Bytes with some of them flipped, cut off, put in, or zeroed."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(content) - 1)) | st.integers(0, min(len(content), 400)))
        what = draw(st.sampled_from(["flip", "cut", "put", "zero", "full"]))
        length = draw(st.sampled_from([1, 2, 4, 8, 64]))
        if what == "flip" and at < len(content):
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif what == "cut":
            del content[at : at + draw(st.sampled_from([1, 8, 10**9]))]
        elif what == "put":
            content[at:at] = draw(st.binary(min_size=1, max_size=16))
        else:
            content[at : at + length] = (b"\0" if what == "zero" else b"\xff") * len(content[at : at + length])
    return bytes(content)


def as_json(whole):
    """JSON texts of changed values, and damaged ones."""
    text = json.dumps(whole).encode()
    return changed(whole).map(lambda value: json.dumps(value).encode()) | damaged(text)
