"""Colour profiles: pictures in other colour spaces become sRGB."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageCms

MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of Pillow, by the colour space of a profile
UNSEEN = 2  # of 255: a profile that moves no colour further is sRGB itself, and nothing is rounded once more
USUAL = 1 / 2.2  # gAMA of a PNG that means sRGB

_SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # x and y of white, red, green and blue, as cHRM has them
_PRIMARIES = {  # by their numbers in ITU-T H.273: of sRGB, BT.2020 and Display P3
    1: _SRGB,
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
_TRANSFERS = {1: USUAL, 6: USUAL, 13: USUAL, 14: USUAL, 15: USUAL, 8: 1.0}  # video's are shown as sRGB's; 8 is linear
_HDR = {16: "PQ", 18: "HLG"}
_UNSAID = 2
_D65 = np.array([0.9505, 1.0, 1.089])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def to_srgb(picture: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """A picture of mode L, RGB or CMYK as sRGB, of mode RGB.

    An ICC profile is applied by littleCMS, relative colorimetric with black point compensation, as photo editors do.
    Where a PNG has none, and does not say that it is sRGB, its gAMA and cHRM are applied, as browsers do. What a PNG
    says in cICP comes before its profile; what HEIC says in numbers counts where it has none.

    Args:
        picture: Without alpha.
        info: As Pillow gives it with the file.

    Raises:
        ValueError: The profile, or what stands for one, is damaged, of another kind of picture, or of HDR.
    """
    coded = _coded(info)
    if coded is None and (profile := info.get("icc_profile")):
        return _through(picture, _transform(bytes(profile)))
    picture = picture.convert("RGB")
    gamma, primaries = coded or (info.get("gamma", 0), info.get("chromaticity", _SRGB))
    if coded is None and "srgb" in info:
        return picture
    if not gamma > 0 or (abs(gamma - USUAL) < 0.01 and np.allclose(primaries, _SRGB, atol=0.002)):
        return picture
    try:
        return Image.fromarray(_calibrated(np.asarray(picture) / 255, gamma, primaries))
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise ValueError(f"its chromaticities cannot be those of colours ({error})") from error


def _coded(info: Mapping[Any, Any]) -> tuple[float, tuple[float, ...]] | None:
    """Gamma and primaries that a PNG or HEIC states by numbers; None where it does not."""
    numbers = info.get("nclx_profile") or {}
    primaries, transfer = info.get("cicp", (numbers.get("color_primaries"), numbers.get("transfer_characteristics")))
    if primaries in (None, _UNSAID) or transfer in (None, _UNSAID):
        return None
    if transfer in _HDR:
        raise ValueError(f"it is HDR ({_HDR[transfer]}), which is not tone-mapped here")
    if primaries not in _PRIMARIES or transfer not in _TRANSFERS:
        raise ValueError(f"its colour space, of primaries {primaries} and transfer {transfer}, is not known here")
    return _TRANSFERS[transfer], _PRIMARIES[primaries]


@functools.lru_cache(8)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform:
    try:
        source = ImageCms.core.profile_frombytes(profile)
        if (space := source.xcolor_space.strip()) not in MODES:
            raise ValueError(f"it is of {space} colours")
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        opened, srgb = (ImageCms.ImageCmsProfile(one) for one in (source, ImageCms.createProfile("sRGB")))
        return ImageCms.ImageCmsTransform(opened, srgb, MODES[space], "RGB", intent, flags=flags)
    except (OSError, ValueError) as error:
        raise ValueError(f"its colour profile cannot be used ({error})") from error


def _through(picture: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    mode = transform.input_mode
    if picture.mode == "L" and mode == "RGB":
        picture = picture.convert("RGB")
    if picture.mode != mode:
        raise ValueError(f"its colour profile is of {mode} colours, and its pixels are {picture.mode}")
    probe = _probe(mode)
    moved = np.asarray(transform.apply(probe), np.int16) - np.asarray(probe.convert("RGB"), np.int16)
    return picture.convert("RGB") if np.abs(moved).max() <= UNSEEN else transform.apply(picture)


def _probe(mode: str) -> Image.Image:
    """Colours from all over a mode's cube."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    levels = np.meshgrid(*[np.linspace(0, 255, 9).round().astype(np.uint8)] * channels)
    return Image.frombytes(mode, (levels[0].size, 1), np.stack(levels, -1).tobytes())


def _calibrated(values: np.ndarray, gamma: float, primaries: tuple[float, ...]) -> np.ndarray:
    """8 bits sRGB (H, W, 3) of values in [0, 1] that are light to the power ``gamma``, of some primaries."""
    usual = abs(gamma - USUAL) < 0.01
    light = (
        np.where(values > 0.04045, ((values + 0.055) / 1.055) ** 2.4, values / 12.92)
        if usual
        else values ** (1 / gamma)
    )
    light = (light @ (np.linalg.inv(_to_xyz(_SRGB)) @ _to_xyz(primaries)).T).clip(0, 1)
    srgb = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    return (255 * srgb).round().astype(np.uint8)


def _to_xyz(primaries: tuple[float, ...]) -> np.ndarray:
    """The matrix from linear RGB to CIE XYZ, its white adapted to D65 by Bradford."""
    white, *colors = (
        np.array([x / y, 1, (1 - x - y) / y]) for x, y in zip(primaries[::2], primaries[1::2], strict=True)
    )
    matrix = np.stack(colors, 1)
    matrix = matrix * np.linalg.solve(matrix, white)
    adapted = np.diag((_BRADFORD @ _D65) / (_BRADFORD @ white))
    return np.linalg.inv(_BRADFORD) @ adapted @ _BRADFORD @ matrix
