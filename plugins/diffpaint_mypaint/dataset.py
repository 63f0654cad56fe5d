"""Data sets of single strokes: shards of actions and alpha masks, and a manifest that says how they were made.

A data set is a folder with ``manifest.json`` and ``shard-00000.npz``, ... Each shard holds ``actions`` float32 (n, 12)
and ``alpha`` uint8 (n, 64, 64). Shards depend only on the manifest, so the same manifest gives the same bytes, in any
number of processes; a shard that is there is complete, so writing resumes by leaving it alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from diffpaint.io.archive import open_zip, read_member
from diffpaint.io.bounds import check_whole
from diffpaint.io.brief import brief
from diffpaint.io.cluster import outcomes_on
from diffpaint.io.files import clear_leftovers, replacing
from diffpaint.io.lock import locked
from diffpaint.io.schema import Text, check_schema, decode_json
from diffpaint.io.workers import shared_out
from diffpaint.renderer import STROKE_ACTION

from .brushes import BrushFile, carried_brush, read_brush
from .engine import Brush
from .library import engine_version
from .strokes import CELL, RADIUS, alpha_masks, random_actions
from .trial import check_paint

SHARD = 2048  # strokes in a shard
MOST_STROKES, MOST_OVERSAMPLE = 100_000_000, 64
MEMBER = 128 + SHARD * CELL**2  # bytes of a shard's largest array, with its header
Radius = Annotated[float, Meta(gt=0, le=CELL)]


@dataclass(frozen=True)
class Manifest:
    """How a data set was made.

    Attributes:
        brush: Name of the brush, or of its file.
        brush_sha256: Of the brush file.
        engine: The library that drew it.
        count: Strokes in all.
        seed: Of the uniform random actions.
        radius: Brush radius in px on a 64-px canvas for size 0 and 1.
        oversample: Strokes are drawn on 64 * oversample px and box-averaged to 64.
        columns: Names of the actions, each in [0, 1].
        randomness: The engine's own: it runs on within a shard and starts afresh with each.
        version: Of this format. In version 1, strokes of brushes with slow tracking began a little towards the end of
            the one before.
        brush_file: The brush itself, as :meth:`.brushes.BrushFile.packed` gives it; None in version 1.
    """

    brush: Text
    brush_sha256: Text
    engine: Text
    count: Annotated[int, Meta(ge=1, le=MOST_STROKES)]
    seed: Annotated[int, Meta(ge=0)]
    radius: tuple[Radius, Radius] = RADIUS
    oversample: Annotated[int, Meta(ge=1, le=MOST_OVERSAMPLE)] = 1
    columns: tuple[Text, ...] = STROKE_ACTION
    randomness: Text = "free-running within a shard"
    version: int = 2
    brush_file: dict[str, str | bool] | None = None

    def read_brush(self) -> BrushFile:
        """The brush that drew it.

        Raises:
            ValueError: It is damaged; of a set of version 1: none of its name is installed, or another one.
        """
        file = carried_brush(self.brush, self.brush_file)
        if file.sha256 != self.brush_sha256:
            raise ValueError(f"{self.brush} is another brush on this machine than the one of these strokes")
        return file

    def about(self) -> dict[str, Any]:
        """All of it but the brush, as the headers of weights tell it."""
        return {key: value for key, value in asdict(self).items() if key != "brush_file"}

    @property
    def shards(self) -> int:
        """How many shards the data set has."""
        return -(-self.count // SHARD)

    def size_of(self, shard: int) -> int:
        """Strokes in one shard; all but the last hold SHARD."""
        return min(SHARD, self.count - shard * SHARD)


def plan(
    folder: Path,
    brush: str,
    count: int,
    *,
    seed: int = 0,
    radius: tuple[float, float] = RADIUS,
    oversample: int = 1,
    without_smudge: bool = False,
) -> Manifest:
    """Check everything and write the manifest, so that :func:`write` has only to draw.

    Args:
        folder: Of the data set.
        brush: Its name, or the path of its file.
        count: Strokes in all.
        seed: Of the actions.
        radius: See :class:`Manifest`.
        oversample: Likewise.
        without_smudge: Draw a brush that smudges with smudging off.

    Raises:
        ValueError: The brush is not "alpha x colour", its strokes are blank, the folder holds another data set, or a
            number is out of range.
        OSError: The folder cannot be written.
    """
    check_whole("count", count, most=MOST_STROKES)
    check_whole("oversample", oversample, most=MOST_OVERSAMPLE)
    check_whole("seed", seed, 0, 2**64 - 1)
    if not 0 < radius[0] <= radius[1] <= CELL:
        raise ValueError(f"radius is a range (low, high) in px, above 0 and at most {CELL}, got {radius}")
    file = read_brush(brush)
    if without_smudge:
        file = file.without_smudge()
    if reason := file.beyond_compositing():
        hint = "; its mask alone can be (without_smudge)" if not file.without_smudge().beyond_compositing() else ""
        raise ValueError(f"brush {brush} cannot be learned as alpha times colour: {reason}{hint}")
    check_paint(Brush(file), radius)
    manifest = Manifest(
        *(file.name, file.sha256, engine_version(), count, seed, radius, oversample), brush_file=file.packed()
    )
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "manifest.json").exists():
        known = read_manifest(folder)
        if known.version == 1 and not _missing(folder, known):  # nothing more is drawn into it
            manifest = replace(manifest, version=1, brush=known.brush, brush_file=None)
        asked = manifest.about() | {"smudging": file.smudging}
        there = known.about() | {"smudging": known.brush_file is None or known.brush_file["smudging"]}
        differ = [f"{key} {value} there, {asked[key]} asked" for key, value in there.items() if asked[key] != value]
        if differ:
            raise ValueError(f"{folder} holds another data set ({'; '.join(differ)}); name an empty folder")
    else:
        if any(folder.glob("shard-*.npz")):
            raise ValueError(f"{folder} holds shards of strokes, but no manifest of them; name an empty folder")
        with replacing(folder / "manifest.json") as temporary:
            temporary.write_text(json.dumps(asdict(manifest), indent=2) + "\n")
    return manifest


def write(folder: Path, manifest: Manifest, *, processes: int = 1, cluster: str | None = None) -> Iterator[int]:
    """Draw the shards that are missing; yields the number of strokes of each shard as it is there.

    An interrupt leaves complete shards behind, and the next call goes on from them.

    Args:
        folder: Of the data set.
        manifest: What it is made of.
        processes: How many draw at once.
        cluster: Address of a Ray cluster that draws, one shard on each core, as of
            :func:`diffpaint.io.cluster.outcomes_on`.

    Raises:
        ValueError: Another run is at work on the folder, or has begun another data set there.
        ChildProcessError: One of several processes was killed. What is drawn is kept, as after an interrupt.
    """
    shards = _missing(folder, manifest)
    yield from (manifest.size_of(shard) for shard in range(manifest.shards) if shard not in shards)
    missing = [(folder, manifest, shard) for shard in shards]
    if missing:
        with locked(folder / ".lock", str(folder)):
            if read_manifest(folder) != manifest:
                raise ValueError(f"{folder} holds another data set, begun at the same time; name an empty folder")
            try:
                yield from _written(missing, processes, cluster)
            finally:  # processes that are ended, now or in a run before, cannot tidy up
                for shard in range(manifest.shards):
                    clear_leftovers(_shard_path(folder, shard))


def _written(jobs: list[tuple[Path, Manifest, int]], processes: int, cluster: str | None) -> Iterator[int]:
    if cluster is not None:
        with closing(outcomes_on(cluster, _write_shard, jobs)) as done:
            for _, result in done:
                if isinstance(result, Exception):
                    raise result
                yield result
    elif processes == 1 or len(jobs) == 1:
        yield from map(_write_shard, jobs)
    else:
        yield from shared_out(_write_shard, jobs, processes)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a data set.

    Raises:
        ValueError: There is none, it is not of this version, or the brush in it is damaged.
    """
    path = folder / "manifest.json"
    try:
        fields = decode_json(path.read_bytes(), path.name)
        if not isinstance(fields, dict) or "version" not in fields:
            raise ValueError("it lacks a version")
    except (OSError, ValueError) as error:
        raise ValueError(f"{folder} is no data set of strokes ({error}); make one with 'diffpaint strokes'") from error
    if fields["version"] not in (1, Manifest.version):
        version = brief(repr(fields["version"]), 40)
        raise ValueError(f"{path} has version {version}; this program reads up to {Manifest.version}")
    try:
        manifest = check_schema(fields, Manifest, path.name)
        if not manifest.radius[0] <= manifest.radius[1] or manifest.columns != STROKE_ACTION:
            raise ValueError(f"{path.name}: radius is (low, high), and columns are {', '.join(STROKE_ACTION)}")
        if manifest.brush_file is not None:
            manifest.read_brush()
        return manifest
    except ValueError as error:
        raise ValueError(f"{folder} is no data set of strokes ({error}); make one with 'diffpaint strokes'") from error


def check_complete(folder: Path, manifest: Manifest) -> None:
    """Check that all shards are there.

    Raises:
        ValueError: Some are missing.
    """
    if missing := _missing(folder, manifest):
        raise ValueError(
            f"{folder} lacks {len(missing)} of {manifest.shards} shards; run the same 'diffpaint strokes' again to "
            "complete it"
        )


def read_shard(folder: Path, shard: int) -> tuple[np.ndarray, np.ndarray]:
    """One shard: actions float32 (n, 12) and alpha uint8 (n, 64, 64).

    Raises:
        ValueError: The shard is missing or damaged.
    """
    path = _shard_path(folder, shard)
    if not path.is_file():
        raise ValueError(f"{path} is missing; run 'diffpaint strokes' again to complete the set")
    try:
        with open_zip(path) as whole:
            members = (read_member(whole, name, MEMBER) for name in ("actions.npy", "alpha.npy"))
            actions, alpha = (np.load(io.BytesIO(member), allow_pickle=False) for member in members)
    except ValueError as error:
        reason = brief(error, 160)
        raise ValueError(f"cannot read {path} ({reason}); delete it and run 'diffpaint strokes' again") from error
    if (actions.dtype, alpha.dtype) != (np.float32, np.uint8) or not ((actions >= 0) & (actions <= 1)).all():
        raise ValueError(f"{path} holds {actions.dtype} and {alpha.dtype}: not a shard of strokes")
    if alpha.shape != (len(actions), CELL, CELL) or actions.shape[1:] != (len(STROKE_ACTION),):
        raise ValueError(f"{path} holds actions {actions.shape} and alpha {alpha.shape}: not a shard of strokes")
    return actions, alpha


def _missing(folder: Path, manifest: Manifest) -> list[int]:
    return [shard for shard in range(manifest.shards) if not _shard_path(folder, shard).exists()]


def _shard_path(folder: Path, shard: int) -> Path:
    return folder / f"shard-{shard:05d}.npz"


def _write_shard(job: tuple[Path, Manifest, int]) -> int:
    folder, manifest, shard = job
    rng = np.random.default_rng([manifest.seed, shard])
    brush = Brush(manifest.read_brush())
    # A new engine brush always starts at one seed; a few strokes that are thrown away set the shards apart.
    alpha_masks(random_actions(1 + shard % 8, rng), brush)
    actions = random_actions(manifest.size_of(shard), rng)
    alpha = alpha_masks(actions, brush, oversample=manifest.oversample, radius=manifest.radius)
    with replacing(_shard_path(folder, shard)) as temporary:
        np.savez_compressed(temporary, actions=actions, alpha=alpha)
    return len(actions)
