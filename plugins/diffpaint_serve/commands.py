"""The command ``serve``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from diffpaint.io.bounds import check_whole
from diffpaint_neural import shipped_brushes

from .page import library, make_page, new_folder
from .page import serve as serve_page


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 lets others in.")
@click.option("--port", default=7860, show_default=True, help="Likewise.")
@click.option("--jobs", default=1, show_default=True, help="How many paint at once; others wait.")
@click.option("--upload", default=50, show_default=True, help="Largest photo, megabytes.")
def serve(host: str, port: int, jobs: int, upload: int) -> None:
    """Serve a page to paint on, in a browser: a photo in, the painting as it grows, and every format to download.

    Nothing is kept: photos and paintings are removed after an hour or two, and all of them at the end.

    \b
    Examples:
        diffpaint serve
        diffpaint serve --port 8080 --jobs 2
    """
    for name, value, most in (("--port", port, 65_535), ("--jobs", jobs, 64), ("--upload", upload, 10_000)):
        check_whole(name, value, 1, most)
    with new_folder() as folder:
        os.environ["GRADIO_TEMP_DIR"] = str(Path(folder) / "uploads")
        library()
        page = make_page(Path(folder), shipped_brushes("splat"), jobs)
        click.echo(f"http://{host}:{port}, until Ctrl-C", err=True)
        serve_page(page, Path(folder), host, port, upload)
