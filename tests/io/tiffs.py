"""TIFFs of strips and tiles, as Pillow does not write them."""

import struct
import zlib

import numpy as np

PHOTOMETRIC = {1: 1, 2: 1, 3: 2, 4: 2}  # by channels; the last of 2 and 4 is alpha


def write(path, pixels, rows, *, across=None, packed=True, planes=False, order="<", **tags):
    """Write a TIFF piece by piece.

    Args:
        path: Of the file.
        pixels: (H, W, C) of uint8 or uint16, or what gives some rows of it.
        rows: Height of strips or tiles, px.
        across: Width of tiles, px; None for strips.
        packed: Whether pieces are deflated.
        planes: Whether channels lie one after another.
        order: Of bytes.
        tags: More of them, ``t274=6``.
    """
    height, width, channels = pixels.shape
    kind, step = np.dtype(pixels.dtype).newbyteorder(order), across or width
    count = channels if planes else 1
    pieces = [[] for _ in range(count)]
    with path.open("wb") as file:
        file.write(bytes(8))
        for top in range(0, height, rows):
            band = pixels[top : top + rows]
            for left in range(0, width, step):
                piece = band[:, left : left + step]
                if across:
                    piece = np.pad(piece, ((0, rows - piece.shape[0]), (0, step - piece.shape[1]), (0, 0)))
                for plane in range(count):
                    held = piece[..., plane] if planes else piece
                    data = np.ascontiguousarray(held.astype(kind)).tobytes()
                    data = zlib.compress(data, 1) if packed else data
                    pieces[plane].append((file.tell(), len(data)))
                    file.write(data)
        places, sizes = zip(*(piece for plane in pieces for piece in plane), strict=True)
        where = {322: [step], 323: [rows], 324: places, 325: sizes}
        where = where if across else {273: places, 278: [rows], 279: sizes}
        values = {256: [width], 257: [height], 258: [8 * kind.itemsize] * channels, 259: [8 if packed else 1]}
        values |= {262: [PHOTOMETRIC[channels]], 277: [channels], 284: [2 if planes else 1]} | where
        values |= {338: [2]} if channels in (2, 4) else {}
        values |= {int(name[1:]): [value] for name, value in tags.items()}
        begin, table, beyond = file.tell(), b"", b""
        for tag, numbers in sorted(values.items()):
            data = struct.pack(f"{order}{len(numbers)}I", *numbers)
            if len(data) > 4:
                at = begin + 2 + 12 * len(values) + 4 + len(beyond)
                data, beyond = struct.pack(f"{order}I", at), beyond + data
            table += struct.pack(f"{order}HHI", tag, 4, len(numbers)) + data
        file.write(struct.pack(f"{order}H", len(values)) + table + bytes(4) + beyond)
        file.seek(0)
        file.write(struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, begin))
