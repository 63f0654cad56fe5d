"""``diffpaint bench``: how near paintings of a folder of photos come to them."""

import json
import math
import os

import pytest
import torch
from click.testing import CliRunner

from diffpaint import Pixel, read_image
from diffpaint.cli.main import cli
from diffpaint.io.images import write_image
from diffpaint_bench import Protocol, commands, measure
from diffpaint_bench.figures import compared, lpips_missing
from diffpaint_bench.protocol import painted

CAT = "tests/data/chelsea.jpg"
QUICK = {"steps": 8, "lpips": False, "device": "cpu"}


class Fatal(Pixel):
    """Ends the process, as the system does where memory does not do, at wide photos."""

    def forward(self, canvas):
        if canvas.shape[3] > 36:
            os._exit(1)
        return super().forward(canvas)


@pytest.fixture
def photos(tmp_path):
    """A folder of two photos, and of what is none."""
    folder = tmp_path / "photos"
    folder.mkdir()
    write_image(folder / "cat.png", read_image(CAT, (25, 31)))
    write_image(folder / "wide.png", read_image(CAT, (20, 41)))
    (folder / "notes.txt").write_text("none")
    return folder


def bench(*arguments):
    return CliRunner().invoke(cli, ["bench", *map(str, arguments), "--steps", "3", "--device", "cpu"])


@pytest.fixture
def here(monkeypatch):
    """Paints in this process, which is quicker."""
    monkeypatch.setattr(commands, "_apart", measure)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_are_those_of_the_field():
    photo = read_image(CAT, (40, 60))
    noisy = (photo + 0.05 * torch.randn(photo.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    found = compared(noisy, photo, lpips=False)
    assert found["psnr"] == pytest.approx(-10 * math.log10((noisy - photo).square().mean()), abs=1e-4)
    assert 0.5 < found["ssim"] < compared(photo, photo, lpips=False)["ssim"] == pytest.approx(1)


@pytest.mark.parametrize(("canvas", "scale"), [(None, 1), (11, 3), (100, 1)])
def test_a_painting_is_compared_at_the_full_size_of_its_photo(photos, canvas, scale):
    """Whatever remains when it is divided by the scale."""
    photo = read_image(photos / "cat.png")
    painting = painted(photo, 6, Protocol(canvas=canvas, **QUICK))
    height, width = (-(-side // scale) * scale for side in (25, 31))
    assert painting.canvas.shape == (1, 3, height, width)
    assert painting.actions.shape[1] == 6
    seen = painting.canvas[..., :25, :31]
    shifted = painting.canvas.roll((4, 4), (2, 3))[..., :25, :31]
    assert Pixel(photo)(seen) < min(Pixel(photo)(shifted), Pixel(photo)(torch.ones_like(photo)))


def test_a_row_has_canvas_replay_time_and_memory(photos, engine):
    row = measure(photos / "cat.png", 6, Protocol(**QUICK))
    assert (row["photo"], row["width"], row["height"], row["strokes"]) == ("cat.png", 31, 25, 6)
    assert row["canvas"].keys() == row["replay"].keys() == {"psnr", "ssim"}
    assert row["canvas"] != row["replay"]
    assert row["seconds"] > 0
    assert row["megabytes"] is None or row["megabytes"] > 50


def test_the_same_seed_gives_the_same_figures(photos):
    first, second = (measure(photos / "cat.png", 6, Protocol(replayed=False, **QUICK)) for _ in range(2))
    assert first["canvas"] == second["canvas"]


def test_the_table_has_a_row_a_painting_and_means(photos, here, tmp_path):
    done = bench(photos, "--strokes", "6, 8,6", "--json", tmp_path / "figures.json")
    assert done.exit_code == 0, done.output
    head, rule, *lines, blank, machine = done.stdout.splitlines()
    assert cells(head)[:4] == ["photo", "strokes", "canvas PSNR", "canvas SSIM"]
    assert set(cells(rule)) == {"---"}
    named = [("cat.png", "6"), ("cat.png", "8"), ("wide.png", "6"), ("wide.png", "8"), *(2 * ["mean of 2"],)]
    assert [tuple(cells(line)[:2]) for line in lines[:4]] == named[:4]
    assert [tuple(cells(line)[:2]) for line in lines[4:]] == [("mean of 2", "6"), ("mean of 2", "8")]
    assert all(len(cells(line)) == len(cells(head)) for line in lines)
    assert blank == ""
    assert f"torch {torch.__version__}" in machine
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found.keys() == {"machine", "protocol", "rows", "means", "failed"}
    of_six = [row["canvas"]["psnr"] for row in found["rows"] if row["strokes"] == 6]
    assert found["means"][0]["canvas"]["psnr"] == pytest.approx(sum(of_six) / 2)
    assert found["protocol"]["steps"] == 3


def test_what_cannot_be_computed_is_said(photos, here, monkeypatch):
    for name, reason in (("_engine_missing", "no engine"), ("lpips_missing", "no weights")):
        monkeypatch.setattr(commands, name, lambda reason=reason: reason)
    done = bench(photos, "--strokes", "6")
    assert done.exit_code == 0, done.output
    assert "note: the replay is left out: no engine" in done.stderr
    assert "note: LPIPS is left out: no weights" in done.stderr
    assert cells(done.stdout.splitlines()[0])[2:] == ["canvas PSNR", "canvas SSIM", "s", "MB"]


def test_lpips_downloads_nothing(tmp_path, monkeypatch):
    pytest.importorskip("torchvision")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert "there is no" in str(lpips_missing())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "alexnet-owt-7be5be79.pth").touch()
    assert lpips_missing() is None


def test_a_photo_that_fails_costs_no_other(photos, here, tmp_path):
    (photos / "broken.jpg").write_text("no photo")
    (photos / "tiny.png").write_bytes((photos / "cat.png").read_bytes())
    write_image(photos / "tiny.png", read_image(CAT, (4, 6)))  # too small for windows of 11 px
    done = bench(photos, "--strokes", "6", "--json", tmp_path / "figures.json")
    assert done.exit_code == 1
    assert "mean of 2" in done.stdout
    assert [line.partition(":")[0] for line in done.stderr.splitlines() if "failed" in line] == ["failed", "failed"]
    failed = json.loads((tmp_path / "figures.json").read_text())["failed"]
    assert sorted(failed) == [f"{photos / 'broken.jpg'}, 6 strokes", f"{photos / 'tiny.png'}, 6 strokes"]
    assert "Traceback" not in done.output


def test_a_process_that_is_ended_costs_no_other(photos):
    done = bench(photos, "--strokes", "6", "--objective", f"{__name__}:Fatal")
    assert done.exit_code == 1
    assert "mean of 1" in done.stdout
    assert f"failed: {photos / 'wide.png'}, 6 strokes: its process was ended" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none"], "no folder none"),
        (["photos/cat.png"], "it is a file"),
        (["empty"], "no photo in empty"),
        (["photos", "--strokes", "256,x"], "--strokes is whole numbers above 0"),
        (["photos", "--strokes", "0"], "got '0'"),
        (["photos", "--strokes", ""], "got ''"),
        (["photos", "--strokes=-5"], "got '-5'"),
        (["photos", "--canvas", "0"], "--canvas must be at least 8, got 0"),
        (["photos", "--seed", "-1"], "--seed must be at least 0, got -1"),
        (["photos", "--objective", "pixels"], "did you mean 'pixel'"),
        (["photos", "--objective", "pixel +"], "a name is missing"),
        (["photos", "--json", "missing/a.json"], "there is no folder missing"),
        (["photos", "--json", "photos/cat.png"], "is what is read"),
        (["photos", "--device", "abacus"], "no device 'abacus'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_before_any_photo_is_read(photos, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    done = CliRunner().invoke(cli, ["bench", *arguments])
    assert done.exit_code == 2, done.output
    assert said in done.output
    assert len(done.output.splitlines()) == 1


def test_nothing_is_written_over_unasked(photos, here, tmp_path):
    (tmp_path / "a.json").write_text("mine")
    done = bench(photos, "--json", tmp_path / "a.json")
    assert done.exit_code == 2
    assert "exists already" in done.output
    assert (tmp_path / "a.json").read_text() == "mine"
    assert bench(photos, "--strokes", "4", "--json", tmp_path / "a.json", "--overwrite").exit_code == 0
    assert json.loads((tmp_path / "a.json").read_text())["rows"]


def test_without_torchmetrics_it_says_what_to_install(photos, monkeypatch):
    monkeypatch.setattr("diffpaint_bench.figures.find_spec", lambda name: None)
    done = bench(photos)
    assert done.exit_code == 2
    assert "pip install 'diffpaint[bench]'" in done.output
