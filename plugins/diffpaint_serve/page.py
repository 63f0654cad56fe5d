"""The page, by Gradio."""

from __future__ import annotations

import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diffpaint.io.brief import brief
from diffpaint.io.images import read_image
from diffpaint.painting import find_writer
from diffpaint.registry import names

from .work import LEAST, MOST, Wish, exported, painted, pixels

KEPT = 3600  # s, for which a photo can be painted again, and a painting downloaded
PREVIEW = 340  # px
WAITING = 20  # jobs that may wait
BRUSH = "classic/dry_brush"
ABOUT = """# diffpaint

Give it a photo. A thousand brushstrokes, large ones first, come to lie where the picture needs them.
The photo stays on the machine that this page comes from, and is forgotten within an hour or two."""
FONTS = ["system-ui", "sans-serif"]  # that are there: nothing is fetched from elsewhere


class Jobs:
    """What the buttons of a page do.

    Args:
        folder: For what is painted.
        brushes: That can be chosen.
    """

    def __init__(self, folder: Path, brushes: list[str]):
        self.gr, self.folder, self.brushes = library(), folder, brushes
        self.stops: dict[str, threading.Event] = {}  # by the visitor whose job it ends

    def preview(self, photo: str | None) -> Any:
        """Show a photo that was chosen."""
        with self._told():
            shown = None if photo is None else pixels(read_image(photo, PREVIEW))
        return self.gr.update(value=shown, visible=shown is not None)

    def paint(
        self, photo: str | None, brush: str, strokes: float, steps: float, size: str, visitor: str
    ) -> Iterator[tuple]:
        """The picture, a line on how it goes, the document, and whether there is something to download."""
        if photo is None:
            raise self._error("Choose a photo first.")
        hidden, shown = self.gr.update(visible=False), self.gr.update(visible=True)
        place, stop, done = self.folder / uuid.uuid4().hex, threading.Event(), False
        place.mkdir()
        self.stops[visitor] = stop
        try:
            with self._told():
                if brush not in self.brushes:
                    raise ValueError(f"there is no brush {brief(brush, 40)}")
                wish = Wish(Path(photo), brush, int(strokes), int(steps), int(size))
                yield None, "Reading the photo …", None, hidden
                for progress in painted(wish, place):
                    if stop.is_set():
                        yield progress.picture, "Cancelled.", None, hidden
                        return
                    if progress.document is None:
                        yield progress.picture, f"Step {progress.step} of {wish.steps}", None, hidden
                    else:
                        done = True
                        yield progress.picture, f"Done: {wish.strokes} strokes.", str(progress.document), shown
        finally:
            self.stops.pop(visitor, None)
            if not done:
                shutil.rmtree(place, ignore_errors=True)

    def cancel(self, visitor: str) -> None:
        """End a visitor's job at its next step."""
        if visitor in self.stops:
            self.stops[visitor].set()

    def export(self, document: str | None, kind: str) -> Any:
        """Make a file to download."""
        if document is None or not Path(document).is_relative_to(self.folder):
            raise self._error("There is no painting yet.")
        with self._told():
            return self.gr.update(value=str(exported(Path(document), kind)), visible=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a person can mend is said on the page."""
        try:
            yield
        except (ValueError, OSError, MemoryError) as error:
            raise self._error(brief(error, 300)) from error

    def _error(self, what: str) -> Exception:
        return self.gr.Error(what, print_exception=False)


def make_page(folder: Path, brushes: list[str], jobs: int = 1) -> Any:
    """The page: a ``gradio.Blocks``, not yet served.

    Args:
        folder: For what is painted; who serves the page removes it.
        brushes: That can be chosen.
        jobs: How many paint at once; others wait.

    Raises:
        ValueError: Gradio is not installed.
    """
    gr, does = library(), Jobs(folder, brushes)
    still = {"interactive": False, "buttons": ["fullscreen"]}
    with gr.Blocks(title="diffpaint", analytics_enabled=False, delete_cache=(600, KEPT)) as page:
        document, visitor = gr.State(None, time_to_live=KEPT), gr.State(lambda: uuid.uuid4().hex)
        gr.Markdown(ABOUT)
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                photo = gr.File(label="Photo", file_types=["image", ".heic", ".heif"], height=140)
                given = gr.Image(show_label=False, container=False, visible=False, elem_id="given", **still)
                brush = gr.Dropdown(brushes, value=BRUSH if BRUSH in brushes else brushes[0], label="Brush")
                strokes = gr.Slider(LEAST["strokes"], MOST["strokes"], value=1000, step=10, label="Strokes")
                steps = gr.Slider(LEAST["steps"], MOST["steps"], value=120, step=10, label="Steps")
                size = gr.Radio(["512", "1024", "2048"], value="1024", label="Longest side, px")
                with gr.Row():
                    start = gr.Button("Paint", variant="primary", elem_id="paint")
                    cancel = gr.Button("Cancel", elem_id="cancel")
            with gr.Column(scale=2, min_width=300):
                picture = gr.Image(label="Painting", elem_id="painting", format="png", **still)
                status = gr.Markdown("", elem_id="status")
                with gr.Row(visible=False, elem_id="downloads") as downloads:
                    kind = gr.Dropdown(_kinds(), value="png", label="Download as", elem_id="kind")
                    ask = gr.Button("Make the file", elem_id="make")
                    file = gr.DownloadButton("Download", visible=False, elem_id="file")
        photo.change(does.preview, photo, given, show_progress="hidden", api_name=False)
        heavy = {"concurrency_limit": jobs, "concurrency_id": "paint", "api_name": False}
        wish = [photo, brush, strokes, steps, size, visitor]
        start.click(does.paint, wish, [picture, status, document, downloads], show_progress="minimal", **heavy)
        cancel.click(does.cancel, visitor, None, queue=False, api_name=False)
        ask.click(does.export, [document, kind], file, **heavy)
        kind.change(lambda: gr.update(visible=False), None, file, api_name=False)
    page.queue(max_size=WAITING, api_open=False)
    return page


def serve(page: Any, folder: Path, host: str, port: int, upload: int, *, wait: bool = True) -> str:
    """Serve it; its address. It waits for Ctrl-C, unless told otherwise.

    Args:
        page: Of :func:`make_page`.
        folder: Likewise.
        host: The address to listen at.
        port: Likewise.
        upload: Most megabytes of a photo.
        wait: Whether to wait.

    Raises:
        ValueError: The port is taken, or the host is none of this machine.
    """
    gr = library()
    theme = gr.themes.Soft(font=FONTS, font_mono=["monospace"])
    try:
        _, address, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            max_file_size=f"{upload}mb",
            allowed_paths=[str(folder)],
            footer_links=[],
            enable_monitoring=False,
            ssr_mode=False,
            theme=theme,
            prevent_thread_lock=not wait,
        )
    except OSError as error:
        raise ValueError(f"cannot serve at {host}:{port} ({brief(error)}); name another port") from error
    return address


def new_folder() -> tempfile.TemporaryDirectory[str]:
    """For what is uploaded and painted; gone when it is closed."""
    return tempfile.TemporaryDirectory(prefix="diffpaint-serve-", ignore_cleanup_errors=True)


def library() -> Any:
    """Gradio; ValueError if it is not installed."""
    try:
        import gradio
    except ImportError:
        raise ValueError("the page needs Gradio: pip install 'diffpaint[serve]'") from None
    return gradio


def _kinds() -> list[str]:
    """Formats whose writers have what they need."""
    found = []
    for name in names("writers"):
        try:
            find_writer(f"a.{name}").check(Path(f"a.{name}"))
        except Exception:  # of a plugin that is broken, or needs what is not there
            continue
        found.append(name)
    return found
