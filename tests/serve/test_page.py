"""The page in a browser, from the upload to the download."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from diffpaint import Painting

pytest.importorskip("gradio", reason="needs the extra serve")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHOTO = Path(__file__).parents[1] / "data" / "chelsea.jpg"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """Address of the page, and where its process keeps its files, which are gone when it has ended."""
    if BROWSER is None:
        pytest.skip("needs Chromium")
    folder = tmp_path_factory.mktemp("served")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = (folder / "said.txt").open("w")
    command = [sys.executable, "-m", "diffpaint", "serve", "--port", str(port), "--upload", "1"]
    environment = {**os.environ, "TMPDIR": str(folder), "OMP_NUM_THREADS": "1"}
    with said, subprocess.Popen(command, env=environment, stdout=said, stderr=said) as process:
        try:
            for _ in range(600):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                assert process.poll() is None, (folder / "said.txt").read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}", folder
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    assert not list(folder.glob("diffpaint*"))
    assert "Traceback" not in (folder / "said.txt").read_text()


@pytest.fixture
def page(served):
    address, _ = served
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=BROWSER, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.asked, page.wrong = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#paint")
        yield page
        assert not page.wrong
        outside = [url for url in page.asked if not url.startswith((address, "data:", "blob:"))]
        assert not outside  # no network is needed
        browser.close()


def fill(page, steps, strokes=10):
    for name, value in (("Strokes", strokes), ("Steps", steps)):
        number = page.get_by_label(f"number input for {name}")
        number.fill(str(value))
        number.press("Enter")


def upload(page, path):
    page.set_input_files("input[type=file]", path)
    page.wait_for_timeout(500)


def test_from_the_upload_to_the_download(page, tmp_path):
    upload(page, PHOTO)
    page.wait_for_selector("#given img")
    fill(page, 10)
    page.click("#paint")
    page.get_by_text("Done: 10 strokes.").wait_for(timeout=60_000)
    page.wait_for_selector("#painting img")
    for kind in ("png", "json", "html"):
        if kind != "png":
            page.get_by_label("Download as").click()
            page.get_by_role("option", name=kind, exact=True).click()
        page.click("#make")
        page.locator("#file").wait_for(timeout=30_000)
        with page.expect_download() as download:
            page.click("#file")
        download.value.save_as(tmp_path / f"painting.{kind}")
    with Image.open(tmp_path / "painting.png") as picture:
        assert max(picture.size) > 900
    assert Painting.load(tmp_path / "painting.json").actions.shape[1] == 10
    assert "<canvas" in (tmp_path / "painting.html").read_text()


def test_a_painting_is_cancelled_and_another_begun(page, served):
    upload(page, PHOTO)
    fill(page, 500)
    page.click("#paint")
    page.get_by_text(re.compile("Step [0-9]+ of 500")).wait_for(timeout=60_000)
    page.click("#cancel")
    page.get_by_text("Cancelled.").wait_for(timeout=30_000)
    fill(page, 10)
    page.click("#paint")
    page.screenshot(path="/tmp/k/s6.png")
    print(page.inner_text("#status"))
    page.get_by_text("Done: 10 strokes.").wait_for(timeout=60_000)  # there is one job at a time


def test_what_is_wrong_is_said(page, tmp_path):
    page.click("#paint")
    page.get_by_text("Choose a photo first.").wait_for(timeout=10_000)
    bad = tmp_path / "bad.png"
    bad.write_bytes(PHOTO.read_bytes()[:300])
    upload(page, bad)
    page.get_by_text("bad.png: ").first.wait_for(timeout=20_000)
    page.reload()
    page.wait_for_selector("#paint")
    large = tmp_path / "large.png"
    large.write_bytes(PHOTO.read_bytes() + b"\0" * 2**21)
    upload(page, large)
    page.get_by_text(re.compile("exceeds|too large|maximum", re.I)).first.wait_for(timeout=20_000)
