"""``.psd``: layers that Photoshop, and most other programs for pictures, open. Needs psd-tools."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from diffpaint import Painting
from diffpaint.io.files import replacing
from diffpaint.io.images import check_side

from .engine import LayersWriter, drawn, merged


class PsdWriter(LayersWriter):
    """Strokes in layers, drawn by the MyPaint engine, as in an ``.ora``, at most 30,000 px a side.

    Args:
        layers: How many layers of strokes; None gives one to each level of a pyramid, or size of patch.

    Raises:
        ValueError: Less than one layer.
    """

    def check(self, path: Path) -> None:
        """See :meth:`diffpaint.Writer.check`; psd-tools is there."""
        try:
            import psd_tools  # noqa: F401
        except ImportError:
            raise ValueError(
                f"{path}: a .psd needs psd-tools: pip install 'diffpaint[psd]'; an .ora does not"
            ) from None

    def write(self, painting: Painting, path: Path) -> None:
        """See :meth:`diffpaint.Writer.write`."""
        self.check(path)
        check_side(path, max(painting.renderer.size))
        from psd_tools import PSDImage

        layers = drawn(painting, self.layers)
        # of a picture with alpha: in others psd-tools makes the alpha of layers a mask
        document = PSDImage.frompil(Image.fromarray(merged(layers)))
        for layer in layers:
            document.create_pixel_layer(Image.fromarray(layer.pixels), name=layer.name)
        with replacing(path) as temporary:
            document.save(temporary)
