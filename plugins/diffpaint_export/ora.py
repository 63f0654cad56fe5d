"""``.ora``: OpenRaster, layers that MyPaint, Krita and GIMP open (openraster.org)."""

from __future__ import annotations

import io
from pathlib import Path
from xml.sax.saxutils import quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from diffpaint import Painting
from diffpaint.io.files import replacing
from diffpaint.io.images import to_pil

from .engine import LayersWriter, drawn, merged

DECLARED = '<?xml version="1.0" encoding="UTF-8"?>'
# MyPaint 2 lays layers over one another in linear light, unless a file says that it was made otherwise
MYPAINT = 'xmlns:mypaint="http://mypaint.org/ns/openraster" mypaint:eotf="1.0" mypaint:frame-active="true"'
THUMBNAIL = 256  # px of its longest side at most, by the specification


class OraWriter(LayersWriter):
    """Strokes in layers, drawn by the MyPaint engine at the size of the canvas; merged, they are its replay.

    Args:
        layers: How many layers of strokes; None gives one to each level of a pyramid, or size of patch.

    Raises:
        ValueError: Less than one layer.
    """

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`diffpaint.Writer.write`."""
        layers = drawn(painting, self.layers)
        whole = merged(layers)
        height, width = whole.shape[:2]
        with replacing(path) as temporary, ZipFile(temporary, "w") as archive:
            _add(archive, "mimetype", b"image/openraster", ZIP_STORED)  # first, and as it is, by the specification
            entries = []
            for number, layer in enumerate(layers):
                source = f"data/layer{number:03d}.png"
                _add(archive, source, _png(layer.pixels))
                entries.append(
                    f'<layer name={quoteattr(layer.name)} src="{source}" x="0" y="0" opacity="1.0" '
                    'visibility="visible" composite-op="svg:src-over"/>'
                )
            stack = "".join(reversed(entries))  # the uppermost comes first
            text = f'{DECLARED}<image version="0.0.3" w="{width}" h="{height}" {MYPAINT}><stack>{stack}</stack></image>'
            _add(archive, "stack.xml", text.encode())
            _add(archive, "mergedimage.png", _png(whole))
            _add(archive, "Thumbnails/thumbnail.png", _png(whole, THUMBNAIL))


def _add(archive: ZipFile, name: str, content: bytes, compression: int = ZIP_DEFLATED) -> None:
    """A member without a date, so that the same painting is the same file."""
    member = ZipInfo(name)
    member.compress_type = compression
    archive.writestr(member, content)


def _png(pixels: np.ndarray, longest: int | None = None) -> bytes:
    held, picture = io.BytesIO(), to_pil(pixels)
    if longest is not None:
        picture.thumbnail((longest, longest))
    picture.save(held, "PNG")
    return held.getvalue()
