"""Members of zip files, whose size is looked at before they are read."""

from __future__ import annotations

import zipfile
from pathlib import Path

from .brief import brief


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip file; errors as of :func:`read_member`."""
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # zipfile, struct and codecs each raise their own for a damaged file
        raise ValueError(f"{path} is no zip file, or damaged: {brief(error)}") from error


def read_member(whole: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The bytes of a member of a zip file.

    Args:
        whole: The zip file.
        name: Of the member.
        most: Bytes that it may have when unpacked.

    Raises:
        ValueError: It has more, is not there, is damaged, has a password, or is packed in a way that is not known.
    """
    what = f"{whole.filename}/{brief(name, 80)}"
    try:
        if (size := whole.getinfo(name).file_size) > most:
            raise ValueError(f"{size} bytes when unpacked; at most {most} are read")
        return whole.read(name)
    except Exception as error:  # zipfile, zlib, lzma and struct each raise their own for a damaged member
        raise ValueError(f"cannot read {what}: {brief(error)}") from error
