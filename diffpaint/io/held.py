"""Memory that decoding a picture takes, known before it is decoded."""

from __future__ import annotations

from PIL import Image, ImageFile

from .png import in_rows
from .tiff import in_bands

MOST_HELD = 1_500_000_000  # bytes; with PyTorch, and what is made of a picture, 2 GB

_BYTES = {"WEBP": 16, "JPEG2000": 25, "AVIF": 12, "HEIF": 9, "QOI": 8}  # a pixel, measured; of decoders that copy
_SLIM = ("1", "L", "P", "I;16")  # modes of which Pillow holds a byte or two for a pixel, of others four


def check_held(image: ImageFile.ImageFile) -> None:
    """Check, for a picture that is open and not yet decoded, that its decoder takes no more than MOST_HELD.

    A JPEG that is not progressive is let through: it is decoded as small as it is wanted.

    Raises:
        ValueError: It takes more.
    """
    if in_rows(image) or in_bands(image):
        return
    each = _BYTES.get(str(image.format), 0) or (2 if image.mode in _SLIM else 4)
    if image.format in ("JPEG", "MPO"):
        each = 4 + 2 * Image.getmodebands(image.mode) if image.info.get("progressive") else 0
    if (held := each * image.width * image.height) > MOST_HELD:
        pixels = image.width * image.height // 10**6
        raise ValueError(
            f"decoding the {pixels} megapixels of this {image.format} takes {held / 1e9:.1f} GB, and "
            f"{MOST_HELD / 1e9:.1f} are allowed; shrink it, or save it as a plain JPEG or PNG"
        )
