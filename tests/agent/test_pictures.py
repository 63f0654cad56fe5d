"""Pictures to learn from: IDX files, folders, zips, what torchvision fetched, and what is none of these."""

import gzip
import io
import shutil
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from diffpaint_agent.pictures import open_pictures, read_idx, read_square


def written(folder, count, size=(20, 30), ending=".png"):
    """Pictures whose red says which they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.new("RGB", size, (10 * index, 0, 255)).save(folder / f"{index:02d}{ending}")
    return folder


def test_digits_are_black_on_white_with_their_labels(mnist):
    learned, tests = open_pictures(str(mnist), 28)
    assert learned.pictures.shape == (200, 1, 28, 28)
    assert tests.pictures.shape == (100, 1, 28, 28)
    assert tests.labels.tolist()[:10] == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    raw = gzip.decompress((mnist / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    assert torch.equal(tests.pictures[0, 0], 255 - torch.tensor(list(raw[:784])).reshape(28, 28).byte())
    assert tests[slice(2)].shape == (2, 3, 28, 28)
    assert tests[slice(100)].max() == 1
    assert tests[slice(100)].mean() > 0.8


def test_a_test_set_alone_is_split_in_halves(kmnist):
    learned, tests = open_pictures(str(kmnist), 28)
    assert len(learned) == len(tests) == 100
    labels = read_idx(kmnist / "t10k-labels-idx1-ubyte.gz")
    assert learned.labels.tolist() + tests.labels.tolist() == labels.tolist()


def test_pictures_are_resized(mnist):
    large, small = (open_pictures(str(mnist), size)[1] for size in (28, 14))
    halved = torch.nn.functional.avg_pool2d(large[slice(100)], 2)
    assert (small[slice(100)] - halved).abs().mean() < 0.02


def test_what_torchvision_fetched_is_the_same(mnist, tmp_path, monkeypatch):
    """torchvision finds the files where it would have put them, and fetches nothing."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    raw = tmp_path / "diffpaint" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for path in mnist.glob("*.gz"):
        (raw / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    for fetched, known in zip(open_pictures("mnist", 28), open_pictures(str(mnist), 28), strict=True):
        assert torch.equal(fetched.pictures, known.pictures)
        assert torch.equal(fetched.labels, known.labels)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_every_tenth_picture_is_kept_for_tests(tmp_path, kind):
    source = written(tmp_path / "in" / "deeper", 20).parent
    if kind == "zip":
        source = shutil.make_archive(str(tmp_path / "all"), "zip", source)
    learned, tests = open_pictures(str(source), 8)
    assert learned.labels is None
    assert tests.pictures[:, 0, 0, 0].tolist() == [90, 190]
    assert learned.pictures[:, 0, 4, 4].tolist() == [10 * index for index in range(20) if index not in (9, 19)]
    assert learned.pictures.shape == (18, 3, 8, 8)


def test_the_central_square_is_taken(tmp_path):
    strips = np.zeros((10, 30, 3), np.uint8)
    strips[:, 10:20] = 255
    Image.fromarray(strips).save(tmp_path / "wide.png")
    assert read_square(tmp_path / "wide.png", 10).min() == 1
    Image.fromarray(strips.transpose(1, 0, 2)).save(tmp_path / "tall.png")
    assert read_square(tmp_path / "tall.png", 5).min() > 0.99


def test_batches_are_the_same_from_any_of_them_on(digits):
    learned = digits[0]
    stream = learned.batches(64, seed=3)
    whole = [next(stream) for _ in range(8)]
    for first in (1, 3, 5):
        later = learned.batches(64, seed=3, first=first)
        for pictures, labels in whole[first:]:
            again = next(later)
            assert torch.equal(again[0], pictures)
            assert torch.equal(again[1], labels)
    assert not torch.equal(whole[0][1], whole[3][1])
    assert not torch.equal(whole[0][1], next(learned.batches(64, seed=4))[1])


def test_an_epoch_shows_every_picture_once(digits):
    stream = digits[0].batches(100, seed=0)
    shown = torch.cat([next(stream)[0] for _ in range(2)])
    assert len(torch.unique(shown.flatten(1), dim=0)) == len(torch.unique(digits[0][slice(200)].flatten(1), dim=0))


def test_pictures_are_mirrored_half_of_the_time(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for index in range(120):
        picture = Image.new("RGB", (8, 8))
        picture.paste((255, 2 * index, 0), (0, 0, 4, 8))
        picture.save(folder / f"{index:03d}.png")
    learned = open_pictures(str(folder), 8)[0]
    stream = learned.batches(54, 0, mirror=True)
    shown = [next(stream)[0] for _ in range(4)]
    mirrored = torch.cat(shown)[:, 0, 0, 0] == 0
    assert 0.35 < mirrored.float().mean() < 0.65
    assert torch.equal(next(learned.batches(54, 0, first=3, mirror=True))[0], shown[3])
    whole = torch.cat(shown[:2])
    upright = torch.where((whole[:, 0, 0, 0] == 0)[:, None, None, None], whole.flip(3), whole)
    assert sorted(upright[:, 1, 0, 0].tolist()) == sorted(learned[slice(108)][:, 1, 0, 0].tolist())


def test_pictures_are_jittered_by_a_little(digits):
    """No two alike, as much ink, and near where they were; the same for the same number of a batch."""
    plain, shown = (next(digits[0].batches(100, 0, jitter=jitter))[0] for jitter in (0.0, 0.1))
    assert len(torch.unique(shown.flatten(1), dim=0)) == 100
    assert (1 - shown).mean() == pytest.approx(float((1 - plain).mean()), rel=0.05)
    off = (shown - plain).square().mean()
    assert 0 < off < 0.5 * (plain.roll(1, 0) - plain).square().mean()
    again = digits[0].batches(100, 0, jitter=0.1)
    next(again)
    assert torch.equal(next(again)[0], next(digits[0].batches(100, 0, first=1, jitter=0.1))[0])


def test_pictures_are_shown_as_they_are_unless_asked_for(digits):
    known, shown = digits[0][slice(200)], next(digits[0].batches(200, 0))[0]
    assert len(torch.unique(torch.cat([known, shown]).flatten(1), dim=0)) == len(torch.unique(known.flatten(1), dim=0))


def test_pictures_without_labels_have_label_minus_one(tmp_path):
    learned, _ = open_pictures(str(written(tmp_path / "in", 20)), 8)
    assert next(learned.batches(4, 0))[1].tolist() == [-1] * 4


def test_too_few_pictures_for_a_batch(digits):
    with pytest.raises(ValueError, match=r"has 200 pictures to learn from, fewer than a batch of 500"):
        next(digits[0].batches(500, 0))


def test_what_is_no_pictures_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no pictures nowhere: a folder, a \.zip, or one of mnist, kmnist, celeba"):
        open_pictures("nowhere", 8)
    with pytest.raises(ValueError, match=r"holds 3 pictures \(.png, .*\); at least 10 are needed"):
        open_pictures(str(written(tmp_path / "few", 3)), 8)
    (tmp_path / "no.zip").write_bytes(b"not a zip")
    with pytest.raises(ValueError, match=r"no\.zip is no zip file"):
        open_pictures(str(tmp_path / "no.zip"), 8)
    with pytest.raises(ValueError, match="size must be at least 1 px, got 0"):
        open_pictures("mnist", 0)


def test_a_damaged_picture_is_named(tmp_path):
    folder = written(tmp_path / "in", 12)
    (folder / "05.png").write_bytes((folder / "05.png").read_bytes()[:40])
    with pytest.raises(ValueError, match=r"cannot read .*05\.png"):
        open_pictures(str(folder), 8)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as whole:
        for path in folder.iterdir():
            whole.write(path, path.name)
    with pytest.raises(ValueError, match=r"cannot read .*all\.zip/05\.png"):
        open_pictures(str(tmp_path / "all.zip"), 8)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no IDX file of bytes"),
        (b"\0\0\x0d\1\0\0\0\0", "is no IDX file of bytes"),
        (b"\0\0\x08\1\0\0\0\5abc", "is damaged: 3 bytes for an array of 5"),
        (b"\0\0\x08\3\0", "is damaged"),
    ],
)
def test_damaged_idx_files_are_refused(tmp_path, content, reason):
    for path, data in ((tmp_path / "plain", content), (tmp_path / "packed.gz", gzip.compress(content))):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=reason):
            read_idx(path)


def test_a_gzip_cut_short_is_refused(mnist, tmp_path):
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    path.write_bytes((mnist / path.name).read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"cannot read .*t10k-images"):
        open_pictures(str(tmp_path), 8)


def test_labels_and_pictures_must_be_as_many(mnist, tmp_path):
    shutil.copy(mnist / "t10k-images-idx3-ubyte.gz", tmp_path)
    shutil.copy(mnist / "train-labels-idx1-ubyte.gz", tmp_path / "t10k-labels-idx1-ubyte.gz")
    with pytest.raises(ValueError, match=r"holds labels of shape \(200,\) for 100 pictures"):
        open_pictures(str(tmp_path), 8)


def zip_of(path, *, version=20, method=0):
    """Ten pictures, the first with other numbers in its headers, local and central."""
    with zipfile.ZipFile(path, "w") as whole:
        for number in range(10):
            data = io.BytesIO()
            Image.new("RGB", (4, 4)).save(data, "PNG")
            whole.writestr(f"{number}.png", data.getvalue())
    content = bytearray(path.read_bytes())
    local, central = 0, content.index(b"PK\1\2")
    content[local + 4], content[central + 6] = version, version
    content[local + 8], content[central + 10] = method, method
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize("odd", [{"version": 99}, {"method": 97}, {"method": 8}], ids=str)
def test_a_zip_that_cannot_be_unpacked_is_refused(tmp_path, odd):
    assert len(open_pictures(zip_of(tmp_path / "a.zip"), 4)[0]) == 9
    with pytest.raises(ValueError, match=r"a\.zip"):
        open_pictures(zip_of(tmp_path / "a.zip", **odd), 4)


def test_a_member_of_a_zip_is_not_unpacked_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("diffpaint_agent.pictures.MOST_BYTES", 60)
    with pytest.raises(ValueError, match=r"a\.zip/0\.png: .* bytes when unpacked; at most 60 are read"):
        open_pictures(zip_of(tmp_path / "a.zip"), 4)


def test_a_gzip_is_not_unpacked_without_end(tmp_path, monkeypatch):
    """Neither beyond what its header says, nor as far as that where it says too much."""
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"\0\0\x08\1\0\0\0\5" + bytes(1_000_000)))
    with pytest.raises(ValueError, match="more than 5 bytes for an array of 5"):
        read_idx(path)
    monkeypatch.setattr("diffpaint_agent.pictures.MOST_BYTES", 1_000)
    path.write_bytes(gzip.compress(b"\0\0\x08\2\xff\xff\xff\xff\xff\xff\xff\xff" + bytes(1_000_000)))
    with pytest.raises(ValueError, match="more than 1000 bytes for an array of 4294967295 x 4294967295"):
        read_idx(path)
