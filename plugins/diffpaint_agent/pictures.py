"""Pictures to learn from: MNIST, KMNIST and CelebA, IDX files, and any folder or zip of pictures."""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from tqdm import tqdm

from diffpaint import PluginError, read_image
from diffpaint.io.archive import open_zip, read_member
from diffpaint.io.brief import brief

NAMES = ("mnist", "kmnist", "celeba")  # what torchvision fetches
#: What :func:`open_pictures` takes, for the help of commands.
DATA = "mnist, kmnist or celeba (fetched by torchvision), a folder of IDX files, or a folder or .zip of pictures."
ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
MOST_BYTES = 2**31  # of a set of pictures as IDX, or one of a zip
MOST_AXES = 8
EVERY = 10  # of a folder or zip, every tenth picture is kept for tests
IMAGES = "{}-images-idx3-ubyte"  # and labels beside them, with or without .gz
LABELS = "{}-labels-idx1-ubyte"


@dataclass(frozen=True)
class Pictures:
    """Square pictures of one size.

    Attributes:
        source: What was asked for.
        pictures: uint8 (N, 1 or 3, S, S), sRGB; digits and characters are black on white.
        labels: int64 (N,), or None.
    """

    source: str
    pictures: Tensor
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def size(self) -> int:
        """S, px."""
        return self.pictures.shape[-1]

    def __getitem__(self, chosen: Tensor | slice) -> Tensor:
        """Some of them, float (B, 3, S, S) in [0, 1]."""
        some = self.pictures[chosen].float() / 255
        return some.expand(-1, 3, -1, -1)

    def sha256(self) -> str:
        """Of the pictures and their labels, by which a run knows its data again."""
        parts = [self.pictures] if self.labels is None else [self.pictures, self.labels]
        return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()

    def batches(
        self, batch: int, seed: int, first: int = 0, mirror: bool = False, jitter: float = 0.0
    ) -> Iterator[tuple[Tensor, ...]]:
        """Batches without end, shuffled anew in each epoch; which is which depends on the arguments alone.

        Args:
            batch: Pictures in each; what is left over at the end of an epoch is skipped.
            seed: Of the order.
            first: Number of the first batch.
            mirror: Whether pictures are mirrored half of the time.
            jitter: How far each is moved, scaled, turned and slanted at random, at most, as a share of its half side;
                its last pixels go on beyond its edge.

        Yields:
            Pictures (batch, 3, S, S) in [0, 1] and labels (batch,), -1 where there are none.

        Raises:
            ValueError: There are fewer pictures than a batch.
        """
        if len(self) < batch:
            raise ValueError(f"{self.source} has {len(self)} pictures to learn from, fewer than a batch of {batch}")
        labels = torch.full((len(self),), -1) if self.labels is None else self.labels
        epoch, number = divmod(first, len(self) // batch)
        while True:
            order = torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(len(self)))
            for start in range(number * batch, len(self) // batch * batch, batch):
                chosen = order[start : start + batch]
                pictures = self[chosen]
                if mirror:
                    mirrored = np.random.default_rng([seed, epoch, 1 + start]).random(batch) < 0.5
                    pictures = torch.where(torch.from_numpy(mirrored)[:, None, None, None], pictures.flip(3), pictures)
                if jitter:
                    change = np.random.default_rng([seed, epoch, 1 + start, 1]).uniform(-jitter, jitter, (batch, 2, 3))
                    places = affine_grid(
                        torch.eye(2, 3) + torch.from_numpy(change).float(), list(pictures.shape), align_corners=False
                    )
                    pictures = grid_sample(pictures, places, padding_mode="border", align_corners=False)
                yield pictures, labels[chosen]
            epoch, number = epoch + 1, 0


def open_pictures(source: str, size: int) -> tuple[Pictures, Pictures]:
    """Pictures to learn from, and pictures to test with that are never learned from.

    Args:
        source: ``mnist``, ``kmnist`` or ``celeba``, which torchvision fetches into torch's cache at first (a folder of
            that name is ``./mnist``); a folder of IDX files, named as MNIST's are; or a folder or .zip of pictures. Of
            IDX files of which there is one set alone, the first half is learned from; of folders and zips, every tenth
            picture is for tests.
        size: S; pictures are cropped to their central square and resized.

    Raises:
        ValueError: Nothing of that kind, damaged files, or no pictures.
        PluginError: torchvision is missing.
    """
    if size < 1:
        raise ValueError(f"size must be at least 1 px, got {size}")
    if source in NAMES:
        return _fetched(source, size)
    if not source:
        raise ValueError(f"no pictures: name a folder, a .zip, or one of {', '.join(NAMES)}")
    path = Path(source)
    if path.is_file() and path.suffix.lower() == ".zip":
        with open_zip(path) as whole:
            members = sorted(name for name in whole.namelist() if _is_picture(name.rpartition("/")[2]))
            return _split(source, [(name, whole) for name in members], size)
    if not path.is_dir():
        raise ValueError(f"no pictures {source}: a folder, a .zip, or one of {', '.join(NAMES)}")
    found = {part: file for part in ("train", "t10k") if (file := _find(path, IMAGES.format(part)))}
    if found:
        parts = [_from_idx(source, file, path, part, size) for part, file in found.items()]
        if len(parts) == 2:
            return parts[0], parts[1]
        (whole,) = parts
        half = len(whole) // 2
        if not half:
            raise ValueError(f"{source} holds one picture; at least two are needed, to learn from and to test with")
        labels = whole.labels
        return (
            Pictures(source, whole.pictures[:half], None if labels is None else labels[:half]),
            Pictures(source, whole.pictures[half:], None if labels is None else labels[half:]),
        )
    return _split(source, _in_folder(path), size)


def square(picture: Image.Image, size: int) -> Image.Image:
    """The central square of a picture, ``size`` px."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    cut = picture.crop((left, top, left + side, top + side))
    return cut if side == size else cut.resize((size, size), Image.Resampling.LANCZOS)


def _find(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _from_idx(source: str, images: Path, folder: Path, part: str, size: int) -> Pictures:
    labels = _find(folder, LABELS.format(part))
    ink = read_idx(images)
    if ink.ndim != 3 or not ink.size:
        raise ValueError(f"{images} holds an array of shape {ink.shape}; wanted pictures (count, height, width)")
    names = None if labels is None else torch.from_numpy(read_idx(labels).astype(np.int64))
    if names is not None and names.shape != (len(ink),):
        raise ValueError(f"{labels} holds labels of shape {tuple(names.shape)} for {len(ink)} pictures; wanted as many")
    return _from_ink(source, ink, names, size)


def _from_ink(source: str, ink: np.ndarray, labels: Tensor | None, size: int) -> Pictures:
    """Pictures of ink (N, H, W), 255 where there is most: black on white."""
    paper = 255 - ink
    if ink.shape[1:] != (size, size):
        paper = np.stack([np.asarray(square(Image.fromarray(one), size)) for one in paper])
    return Pictures(source, torch.from_numpy(np.ascontiguousarray(paper))[:, None], labels)


def read_idx(path: Path) -> np.ndarray:
    """An array of bytes in the IDX format of MNIST: two zero bytes, 8 for unsigned bytes, axes, their lengths, data.

    Raises:
        ValueError: It is not one, or damaged.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4)
            axes = head[3] if len(head) == 4 and head[:3] == b"\0\0\x08" else 0
            lengths = file.read(4 * axes)
            shape = np.frombuffer(lengths[: len(lengths) // 4 * 4], ">u4").tolist()
            size = math.prod(shape)
            raw = file.read(min(size, MOST_BYTES) + 1)  # no more: it may be packed, and without end
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"cannot read {path}: {error}") from error
    if not 1 <= axes <= MOST_AXES:
        raise ValueError(f"{path} is no IDX file of bytes")
    if len(shape) != axes or len(raw) != size:
        found = f"{len(raw)} bytes" if len(raw) <= min(size, MOST_BYTES) else f"more than {len(raw) - 1} bytes"
        raise ValueError(f"{path} is damaged: {found} for an array of {' x '.join(map(str, shape))}")
    return np.frombuffer(raw, np.uint8).reshape(shape)


def _fetched(name: str, size: int) -> tuple[Pictures, Pictures]:
    try:
        from torchvision import datasets
    except Exception as error:  # torchvision raises RuntimeError where it does not fit torch
        raise PluginError(f"{name} needs torchvision ({error}): pip install 'diffpaint[lucent]'") from error
    root = Path(torch.hub.get_dir()).parent / "diffpaint"
    root.mkdir(parents=True, exist_ok=True)
    try:
        if name == "celeba":
            parts = [datasets.CelebA(str(root), split=split, download=True) for split in ("train", "test")]
            train, test = (_resized(name, (picture for picture, _ in part), len(part), size) for part in parts)
            return train, test
        kind = {"mnist": datasets.MNIST, "kmnist": datasets.KMNIST}[name]
        parts = [kind(str(root), train=train, download=True) for train in (True, False)]
    except Exception as error:  # gdown, by which CelebA is fetched, raises its own
        raise ValueError(f"cannot fetch {name} into {root}: {error}; a folder or a .zip of it will do") from error
    train, test = (_from_ink(name, part.data.numpy(), part.targets, size) for part in parts)
    return train, test


def _in_folder(path: Path) -> list[tuple[str, Path]]:
    return [(str(file), file) for file in sorted(path.rglob("*")) if _is_picture(file.name)]


def _split(source: str, files: Sequence[tuple[str, Path | zipfile.ZipFile]], size: int) -> tuple[Pictures, Pictures]:
    if len(files) < EVERY:
        raise ValueError(f"{source} holds {len(files)} pictures ({', '.join(ENDINGS)}); at least {EVERY} are needed")
    whole = _resized(source, (_opened(*file) for file in files), len(files), size).pictures
    tests = torch.arange(len(whole)) % EVERY == EVERY - 1
    return Pictures(source, whole[~tests], None), Pictures(source, whole[tests], None)


def _opened(name: str, file: Path | zipfile.ZipFile) -> Image.Image:
    if isinstance(file, Path):
        return _pil(read_image(file))
    return _pil(read_image(io.BytesIO(read_member(file, name, MOST_BYTES)), name=f"{file.filename}/{brief(name, 80)}"))


def _is_picture(name: str) -> bool:
    """By the ending of a file's name; names that begin with a dot are the system's own."""
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _pil(picture: Tensor) -> Image.Image:
    return Image.fromarray((picture[0] * 255).round().byte().permute(1, 2, 0).numpy())


def _resized(source: str, pictures: Iterator[Image.Image], count: int, size: int) -> Pictures:
    whole = np.empty((count, size, size, 3), np.uint8)
    with tqdm(total=count, unit="picture", disable=count < 1000) as bar:
        for index, picture in enumerate(pictures):
            whole[index] = np.asarray(square(picture, size))
            bar.update()
    return Pictures(source, torch.from_numpy(whole).permute(0, 3, 1, 2).contiguous(), None)


def read_square(path: Path, size: int) -> Tensor:
    """The central square of a picture of any kind that :func:`diffpaint.read_image` reads, (1, 3, size, size)."""
    cut = np.asarray(square(_pil(read_image(path)), size))
    return torch.from_numpy(cut.copy()).permute(2, 0, 1)[None].float() / 255
