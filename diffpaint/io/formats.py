"""Which picture formats can be read here, what others need, and opening a file with Pillow."""

from __future__ import annotations

import importlib
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, PngImagePlugin, features

from .brief import brief
from .held import check_held
from .png import find_cicp

# Of photos and paintings, by Pillow's names. Others are rare, or Pillow starts a program that draws them.
FORMATS = (
    *("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP", "DIB", "AVIF", "HEIF"),
    *("JXL", "JPEG2000", "PPM", "PSD", "QOI", "TGA"),
)
RAW = "camera raw, of which only a small preview could be read; export it as a JPEG or TIFF first"
MOST_PIXELS = 20_000 * 20_000  # of a photo; beyond, it is taken for a decompression bomb
MOST_TEXT = 256 * 2**20  # bytes of text, profile and metadata that a PNG may hold

_MODULES = {"HEIC": ("pillow_heif", "diffpaint[heic]"), "JPEG XL": ("pillow_jxl", "pillow-jxl-plugin")}
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")  # brands of ISO/IEC 23008-12
_RAW = (  # endings
    *(".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef"),
    *(".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)
_RAW_STARTS = (  # of Fuji, Olympus, Panasonic, Sigma and Minolta; those of others begin as TIFF does
    *(b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM"),
)
_DRAWN = (b"%!PS", b"\xc5\xd0\xd3\xc6", b"%PDF", b"<svg", b"<?xml", b"\xd7\xcd\xc6\x9a")  # of EPS, PDF, SVG and WMF
_DNG_VERSION = 50706  # a tag
_LOCK = threading.RLock()  # Pillow's limits, and Python's filter of warnings, are of the whole process


@contextmanager
def opened(file: Path | BinaryIO, name: str) -> Iterator[ImageFile.ImageFile]:
    """A picture, open for as long as the context lasts; it is to be decoded in there.

    Args:
        file: The file, or one that is open.
        name: For errors.

    Raises:
        ValueError: No picture, one of a format that cannot be read here, damaged, of too many pixels, or one whose
            decoder takes too much memory; also where one of these comes up within the context.
    """
    try:
        with _LOCK, _limits(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata, which is nothing to us; damaged pixels are an error
            kind = _kind(_start(file))
            if kind == "camera raw":
                raise ValueError(RAW)
            if kind == "drawing":
                raise ValueError("EPS, PDF, SVG and WMF are drawings, not photos; export it as a PNG first")
            if kind in _MODULES:
                _prepare(kind)
            try:
                image = Image.open(file, formats=_known())
            except (OSError, ValueError, SyntaxError) as error:
                raise ValueError(_unknown(file, kind, error)) from error
            with image:
                if image.format == "TIFF" and (_named_raw(file) or _DNG_VERSION in getattr(image, "tag_v2", ())):
                    raise ValueError(RAW)
                _scale_key(image)
                if image.format == "PNG":
                    find_cicp(image)
                check_held(image)
                yield image
    except Image.DecompressionBombError:
        raise ValueError(f"{name} has more than {MOST_PIXELS // 10**6} megapixels; shrink it first") from None
    except MemoryError:
        raise
    except Exception as error:  # decoders of damaged files raise whatever comes to them
        raise ValueError(f"cannot read {name}: {brief(error) or type(error).__name__}") from error


@contextmanager
def _limits() -> Iterator[None]:
    """Pillow's limits set to ours."""
    kept = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS // 2  # Pillow refuses at twice this number
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = MOST_TEXT
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = kept


def endings() -> set[str]:
    """Of the names of files that :func:`opened` reads, in small letters, ``.jpg`` for one."""
    known = _known()
    return {ending for ending, format in Image.registered_extensions().items() if format in known}


def _known() -> list[str]:
    """Those of FORMATS that this Pillow reads, with what is installed beside it."""
    Image.init()
    return [format for format in FORMATS if format in Image.OPEN]


def _start(file: Path | BinaryIO) -> bytes:
    if isinstance(file, Path):
        with file.open("rb") as opened_file:
            return opened_file.read(64)
    start = file.read(64)
    file.seek(0)
    return start


def _kind(start: bytes) -> str | None:
    """The format, where it is one that Pillow may need help with."""
    if start[4:8] == b"ftyp":
        brands = [start[at : at + 4] for at in range(8, min(len(start), int.from_bytes(start[:4], "big")), 4)]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        return "camera raw" if b"crx " in brands else "HEIC" if brands[:1] and brands[0] in _HEIC else None
    if start.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return "JPEG XL"
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_DRAWN):
        return "drawing"
    raw = start.startswith(_RAW_STARTS) or (start[:2] in (b"II", b"MM") and start[8:10] == b"CR")  # Canon
    return "camera raw" if raw else None


def _prepare(kind: str) -> None:
    """Let Pillow know a format by the module that reads it."""
    module, package = _MODULES[kind]
    try:
        plugin = importlib.import_module(module)
    except ImportError:
        raise ValueError(f"{kind} needs another package: pip install '{package}'") from None
    if kind == "HEIC":
        plugin.register_heif_opener()


def _unknown(file: Path | BinaryIO, kind: str | None, error: Exception) -> str:
    """Why a file cannot be opened."""
    if kind == "AVIF" and not features.check("avif"):
        return "AVIF needs a newer Pillow, 11.3 or later: pip install --upgrade pillow"
    if _named_raw(file):
        return RAW
    if kind or not isinstance(error, Image.UnidentifiedImageError):
        return f"this {kind} is damaged" if kind else str(error)
    return "no picture format that can be read; PNG, JPEG, TIFF and WebP are some that can"


def _named_raw(file: Path | BinaryIO) -> bool:
    return isinstance(file, Path) and file.suffix.lower() in _RAW


def _scale_key(image: ImageFile.ImageFile) -> None:
    """Bring a PNG's transparent colour to the range that Pillow brings its pixels to."""
    key, raw = image.info.get("transparency"), str(image.tile[0][3]) if image.tile else ""
    if isinstance(key, int) and raw in ("L;2", "L;4"):
        image.info["transparency"] = key * {"L;2": 85, "L;4": 17}[raw]
    elif isinstance(key, tuple) and raw == "RGB;16B":
        image.info["transparency"] = tuple(channel >> 8 for channel in key)
