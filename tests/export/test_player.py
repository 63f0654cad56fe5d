"""``.html``: the page that paints, in a browser without a network."""

import base64
import hashlib
import html
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from drawn import apart, painted

import diffpaint
from diffpaint import read_image
from diffpaint_export import PlayerWriter

# What a test asks of the page: the canvas, once it has painted all strokes at the size of the painting; after it went
# back and on again, by its slider and by its keys; and the PNG that it saves. Frames come at once, not by the screen.
ASK = """<script>
window.requestAnimationFrame = () => 0;
location.hash = "#px=@LONGEST@";
const answer = (id, text) => {
  const box = document.createElement("pre");
  box.id = id;
  box.textContent = text;
  document.body.append(box);
};
const painted_ = (id, to) => {
  while (state.done !== to) frame(performance.now());
  answer(id, canvas.toDataURL());
};
const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
const ask = () => {
  fit(true);
  go(total);
  painted_("finished", total);
  position.value = Math.floor(total / 3);
  position.dispatchEvent(new Event("input"));
  painted_("third", Math.floor(total / 3));
  press("Home");
  press("ArrowRight");
  painted_("first", 1);
  press("End");
  painted_("again", total);
  canvas.toBlob = (then, kind) => answer("saved", canvas.toDataURL(kind));
  press("s");
};
if (state.pixels) ask();
else state.ground.addEventListener("load", ask);
</script>"""


def page_of(painting, path):
    PlayerWriter().write(painting, path)
    return path.read_text()


def asked(painting, chromium, tmp_path):
    """(H, W, 4) of each picture that the page is asked for, by its name."""
    text = re.sub(r"<meta http-equiv[^>]*>", "", page_of(painting, tmp_path / "a.html"))
    script = ASK.replace("@LONGEST@", str(max(painting.renderer.size)))
    (tmp_path / "asked.html").write_text(text.replace("</body>", f"{script}</body>"))
    shown = chromium("--virtual-time-budget=10000", "--dump-dom", (tmp_path / "asked.html").as_uri())
    found = re.findall(r'<pre id="(\w+)">data:image/png;base64,([^<]*)<', shown)
    return {name: read_image(io.BytesIO(base64.b64decode(data)), alpha=True) for name, data in found}


def test_the_page_paints_what_the_painter_paints(scattered, chromium, tmp_path):
    pictures = asked(scattered, chromium, tmp_path)
    assert apart(pictures["finished"], scattered.canvas) < 0.5
    third = list(scattered.frames())[19]
    assert apart(pictures["third"], third) < 0.5
    assert apart(pictures["again"], scattered.canvas) < 0.5
    assert apart(pictures["first"], next(scattered.frames())) < 0.5  # by its keys
    assert apart(pictures["saved"], scattered.canvas) < 0.5


@pytest.mark.parametrize("kind", ["transparent", "picture"])
def test_it_paints_in_cells_and_on_what_was_painted_on(kind, pyramid, chromium, tmp_path):
    painting = replace(pyramid, transparent=True)
    if kind == "picture":
        ground = read_image_of_waves(painting.renderer.size)
        painting = replace(pyramid, background=ground, canvas=pyramid.renderer(pyramid.actions, ground))
    finished = asked(painting, chromium, tmp_path)["finished"]
    wanted = painting.pixels()
    if kind == "transparent":
        assert (finished[:, 3:] - wanted[:, 3:]).abs().mean() < 0.5 / 255
        finished, wanted = (part[:, :3] * part[:, 3:] for part in (finished, wanted))
    assert apart(finished, wanted) < 0.6


def read_image_of_waves(size):
    y, x = torch.meshgrid(*(torch.linspace(0, 6, side) for side in size), indexing="ij")
    return torch.stack([x.sin(), y.cos(), (x + y).sin()])[None] / 2 + 0.5


def test_large_strokes_are_painted_coarsely(chromium, tmp_path):
    painting = painted(strokes=6, size=(120, 160), scale=3)
    assert apart(asked(painting, chromium, tmp_path)["finished"], painting.canvas) < 1


def test_it_is_small_and_opens_nothing(tmp_path):
    painting = painted(strokes=1000, size=(170, 256))
    text = page_of(painting, tmp_path / "a.html")
    assert len(text) < 130_000
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', text)[1])
    for kind in ("script", "style"):
        (held,) = re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL)
        assert f"{kind}-src 'sha256-{base64.b64encode(hashlib.sha256(held.encode()).digest()).decode()}'" in policy
    assert policy.startswith("default-src 'none'; img-src data: blob:;")
    assert not re.search(r"https?:|\beval\b|new Function|innerHTML|document\.write|\bimport\b|fetch\(", text)
    assert not re.search(r"\son\w+=|style=", text)


def test_its_policy_lets_it_paint(scattered, chromium, tmp_path):
    page_of(scattered, tmp_path / "a.html")
    shown = chromium(
        "--virtual-time-budget=20000", "--window-size=700,600", "--dump-dom", (tmp_path / "a.html").as_uri()
    )
    assert '<output id="painted">60 of 60</output>' in shown
    assert 'aria-valuetext="60 of 60"' in shown
    assert re.search(r'<button type="button" id="play">Again</button>', shown)


def test_names_are_text(scattered, tmp_path):
    painter = next(part for part in scattered.renderer.modules() if hasattr(part, "network_class"))
    brush, painter.brush = painter.brush, "</title><script>alert(1)</script>@DATA@"
    try:
        text = page_of(scattered, tmp_path / "a.html")
    finally:
        painter.brush = brush
    assert text.count("<script>") == 1
    assert "&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;@DATA@" in text
    data = json.loads(re.search(r'<script type="application/json" id="painting">(.*?)</script>', text)[1])
    assert np.frombuffer(base64.b64decode(data["strokes"]), "<f4").size == 60 * 13


@pytest.mark.parametrize("name", ["neural-dabs", "grid(renderer=neural-gan, rows=1, cols=1, size=(32, 32))", "cppn"])
def test_other_painters_are_refused(name):
    with pytest.raises(ValueError, match=r"an \.html paints with neural-splat.*this painting is by (neural-|cppn)"):
        PlayerWriter().check_renderer(diffpaint.load_renderer(name))


class Frames(HTMLParser):
    """Attributes of frames in a page."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found += [dict(attrs)] * (tag == "iframe")


def test_a_notebook_shows_the_page_in_a_frame_that_reaches_nothing(scattered, tmp_path, chromium):
    frame = scattered._repr_html_()
    (attributes,) = Frames(frame).found
    assert attributes["srcdoc"] == page_of(scattered, tmp_path / "a.html")
    assert attributes["sandbox"] == "allow-scripts allow-downloads"  # not of the notebook's origin
    (tmp_path / "notebook.html").write_text(f"<!DOCTYPE html><body>{frame}</body>")
    # In the process of the page, so that the picture is not taken before the frame's.
    shot = (
        "--disable-features=IsolateSandboxedIframes",
        "--window-size=700,700",
        f"--screenshot={tmp_path / 'shot.png'}",
    )
    chromium(*shot, (tmp_path / "notebook.html").as_uri())
    shown = read_image(tmp_path / "shot.png")
    ground = scattered.background[0, :, 0, 0][:, None, None]
    assert ((shown[0, :, :420] - ground).abs().amax(0) < 0.01).float().mean() > 0.3  # the ground, and strokes on it
    assert shown[0, :, 60:400, 60:600].std() > 0.02
