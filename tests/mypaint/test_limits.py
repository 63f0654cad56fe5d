"""Brush files that would crash the engine, or keep it busy for ever, are refused before it sees them."""

import json
import random
import subprocess
import sys
import textwrap
from dataclasses import replace

import numpy as np
import pytest

from diffpaint_mypaint import Brush, alpha_masks, brush_names, draw_painting, random_actions, read_brush
from diffpaint_mypaint.library import libmypaint
from diffpaint_mypaint.limits import check_distance

pytestmark = pytest.mark.usefixtures("engine")

SETTINGS = 64  # of libmypaint 1.5 and 1.6
INPUTS = {
    "pressure": (0, 1),
    "random": (0, 1),
    "speed1": (0, 4),
    "stroke": (0, 1),
    "direction": (0, 180),
    "custom": (-10, 10),
    "gridmap_x": (0, 256),
    "brush_radius": (-2, 6),
}


def with_setting(name, base=0.0, **inputs):
    plain = read_brush("classic/knife")
    return replace(plain, settings={**plain.settings, name: {"base_value": base, "inputs": inputs}})


def ranges():
    infos = [libmypaint().mypaint_brush_setting_info(number).contents for number in range(SETTINGS)]
    return {info.cname.decode(): (info.min, info.max) for info in infos}


def test_every_installed_brush_is_within_the_limits():
    for name in brush_names():
        Brush(read_brush(name))


@pytest.mark.parametrize("name", ranges() if sys.platform == "linux" else ["offset_by_random", "dabs_per_second"])
def test_a_base_value_outside_of_the_engines_range_is_refused_by_name(name):
    low, high = ranges()[name]
    Brush(with_setting(name, low))
    for value in (low - 0.1, high + 0.1, -1e9, 1e9, 1e300):
        with pytest.raises(ValueError, match=rf"{name} is .*; the engine takes "):
            Brush(with_setting(name, value))


@pytest.mark.parametrize(
    ("name", "curve"),
    [
        ("offset_by_random", [[0, 0], [1, 1e9]]),
        ("radius_logarithmic", [[0, 0], [1, 20]]),
        ("dabs_per_actual_radius", [[0, 0], [1e-6, 100]]),  # steep: it goes on to 1e8
        ("dabs_per_second", [[0, 0], [1, -0.1]]),  # time would run backwards
        ("offset_x", [[0, 0], [0.001, 40]]),
        ("gridmap_scale", [[0, 0], [0.01, 19]]),
        ("opaque", [[0, 0], [1e30, 1]]),
    ],
)
def test_a_curve_that_leads_out_of_the_range_is_refused_by_name(name, curve):
    with pytest.raises(ValueError, match=rf"brush classic/knife: .*{name}"):
        Brush(with_setting(name, pressure=curve))


def test_two_settings_that_only_together_crash_the_engine_are_refused_together():
    for name in ("colorize", "posterize"):
        Brush(with_setting(name, 0.5))
    both = {name: {"base_value": 0.5, "inputs": {}} for name in ("colorize", "posterize")}
    plain = read_brush("classic/knife")
    with pytest.raises(ValueError, match="classic/knife: it colourises and posterizes"):
        Brush(replace(plain, settings={**plain.settings, **both}))


def test_dabs_that_take_minutes_are_refused():
    huge = {"radius_logarithmic": {"base_value": 2.0, "inputs": {"pressure": [[0, 0], [1, 6]]}}}
    dense = {name: {"base_value": 200.0, "inputs": {}} for name in ("dabs_per_basic_radius", "dabs_per_actual_radius")}
    plain = read_brush("classic/knife")
    with pytest.raises(ValueError, match=r"dabs of one stroke may cover \de\+\d\d px"):
        Brush(replace(plain, settings={**plain.settings, **huge, **dense}))


def test_dabs_thrown_far_are_refused_at_large_sizes():
    file = with_setting("offset_x", 40.0)
    Brush(file)
    check_distance(file, 100)
    with pytest.raises(ValueError, match=r"at a radius of 10000 px it throws dabs 4e\+05 px away"):
        check_distance(file, 10_000)


def random_settings(seed):
    """A brush whose values and curves are drawn from the engine's whole ranges."""
    source, settings = random.Random(seed), {}
    for name, (low, high) in ranges().items():
        if source.random() < 0.5:
            continue
        inputs = {}
        for of, (left, right) in INPUTS.items():
            if source.random() < 0.04:
                height = (high - low) * source.choice([0.05, 0.3, 1])
                xs = [left, *sorted(source.uniform(left, right) for _ in range(source.choice([0, 1, 3]))), right]
                inputs[of] = [[x, source.uniform(-height, height)] for x in xs]
        settings[name] = {"base_value": source.choice([low, high, source.uniform(low, high)]), "inputs": inputs}
        if name.startswith("dabs"):
            settings[name]["base_value"] *= 0.05  # the rest would be slow
    return settings


def test_random_brushes_of_the_engines_ranges_neither_crash_nor_hang(tmp_path):
    """In a process of its own, which a crash would end."""
    for seed in range(40):
        document = {"version": 3, "settings": random_settings(seed)}
        (tmp_path / f"{seed:02d}.myb").write_text(json.dumps(document))
    draw = """
        import pathlib, sys
        import numpy as np
        from diffpaint_mypaint import Brush, alpha_masks, read_brush
        strokes = np.float32([[1, 0.5, 0.5, 0, 0, 0, 0, 0, 1, 1, 1, 0], [0.2, 1, 0, 0, 0, 0, 0.1, 0.1, 0, 1, 0.9, 0.9]])
        for path in sorted(pathlib.Path(sys.argv[1]).glob("*.myb")):
            print(path.name, end=" ", flush=True)
            try:
                brush = Brush(read_brush(str(path)))
            except ValueError:
                print("refused", flush=True)
            else:
                alpha_masks(strokes, brush)
                print("drawn", flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(draw), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-40:] + done.stderr[-400:]
    outcomes = [line.split()[1] for line in done.stdout.splitlines()]
    assert len(outcomes) == 40
    assert outcomes.count("drawn") > 15


def test_strokes_far_from_a_large_canvas_are_drawn():
    strokes = np.array([[1, 1, 200, 0, 0, 0, -9e3, 0, 5e3, 5e3, 9e3, 100]], np.float64)
    assert draw_painting(strokes, "classic/knife", 200, 100, cell=900).shape == (100, 200, 3)
    assert alpha_masks(random_actions(1, np.random.default_rng(0)), "classic/knife").shape == (1, 64, 64)
