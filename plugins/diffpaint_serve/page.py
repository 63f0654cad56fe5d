"""The page, by Gradio."""

import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator
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


def make_page(folder: Path, brushes: list[str], jobs: int = 1) -> Any:
    """The page: a ``gradio.Blocks``, not yet served.

    Args:
        folder: For what is painted; who serves the page removes it.
        brushes: That can be chosen.
        jobs: How many paint at once; others wait.

    Raises:
        ValueError: Gradio is not installed.
    """
    gr = library()
    stops: dict[str, threading.Event] = {}  # by the session whose job it ends

    def preview(photo: str | None) -> Any:
        try:
            shown = None if photo is None else pixels(read_image(photo, PREVIEW))
        except (ValueError, OSError, MemoryError) as error:
            raise gr.Error(brief(error, 300), print_exception=False) from error
        return gr.update(value=shown, visible=shown is not None)

    def work(
        photo: str | None,
        brush: str,
        strokes: float,
        steps: float,
        size: str,
        request: gr.Request,  # pyright: ignore[reportInvalidTypeForm], Gradio reads it
    ) -> Iterator[tuple]:
        """Outputs: the picture, a line on how it goes, the document, and whether there is something to download."""
        if photo is None:
            raise gr.Error("Choose a photo first.", print_exception=False)
        place = folder / uuid.uuid4().hex
        place.mkdir()
        stop, done = stops.setdefault(request.session_hash, threading.Event()), False
        stop.clear()
        try:
            if brush not in brushes:
                raise ValueError(f"there is no brush {brief(brush, 40)}")
            wish = Wish(Path(photo), brush, int(strokes), int(steps), int(size))
            yield None, "Reading the photo …", None, gr.update(visible=False)
            for progress in painted(wish, place):
                if stop.is_set():
                    yield progress.picture, "Cancelled.", None, gr.update(visible=False)
                    return
                done = progress.document is not None
                line = f"Done: {wish.strokes} strokes." if done else f"Step {progress.step} of {wish.steps}"
                yield progress.picture, line, progress.document and str(progress.document), gr.update(visible=done)
        except (ValueError, OSError, MemoryError) as error:
            raise gr.Error(brief(error, 300), print_exception=False) from error
        finally:
            stops.pop(request.session_hash, None)
            if not done:
                shutil.rmtree(place, ignore_errors=True)

    def cancelled(request: gr.Request) -> None:  # pyright: ignore[reportInvalidTypeForm]
        if request.session_hash in stops:
            stops[request.session_hash].set()

    def export(document: str | None, kind: str) -> Any:
        if document is None or not Path(document).is_relative_to(folder):
            raise gr.Error("There is no painting yet.", print_exception=False)
        try:
            return gr.update(value=str(exported(Path(document), kind)), visible=True)
        except (ValueError, OSError, MemoryError) as error:
            raise gr.Error(brief(error, 300), print_exception=False) from error

    with gr.Blocks(title="diffpaint", analytics_enabled=False, delete_cache=(600, KEPT)) as page:
        document = gr.State(None, time_to_live=KEPT)
        gr.Markdown(ABOUT)
        with gr.Row():
            with gr.Column(scale=1, min_width=300):
                photo = gr.File(label="Photo", file_types=["image", ".heic", ".heif"], height=140)
                still = {"interactive": False, "buttons": ["fullscreen"]}
                given = gr.Image(show_label=False, container=False, visible=False, elem_id="given", **still)
                brush = gr.Dropdown(brushes, value=BRUSH if BRUSH in brushes else brushes[0], label="Brush")
                strokes = gr.Slider(LEAST["strokes"], MOST["strokes"], value=1000, step=10, label="Strokes")
                steps = gr.Slider(LEAST["steps"], MOST["steps"], value=150, step=10, label="Steps")
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
        photo.change(preview, photo, given, show_progress="hidden", api_name=False)
        start.click(
            work,
            [photo, brush, strokes, steps, size],
            [picture, status, document, downloads],
            concurrency_limit=jobs,
            concurrency_id="paint",
            show_progress="minimal",
            api_name=False,
        )
        cancel.click(cancelled, None, None, queue=False, api_name=False)
        ask.click(export, [document, kind], file, concurrency_limit=jobs, concurrency_id="paint", api_name=False)
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
