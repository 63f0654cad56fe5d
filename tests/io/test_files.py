import os

import pytest

from diffpaint.io.files import check_folder, check_outputs, check_writable, replacing


def test_writes_what_was_written_to_the_temporary_path(tmp_path):
    with replacing(tmp_path / "a.txt") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "new"


def test_replaces_a_file_only_on_success(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, failure):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write():
        with replacing(str(path)) as temporary:
            temporary.write_text("half")
            raise failure

    with pytest.raises(failure):
        write()
    assert [found.name for found in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "old"


def test_a_failure_before_anything_is_written_is_passed_on(tmp_path):
    with pytest.raises(ValueError, match="mine"), replacing(tmp_path / "a.txt"):
        raise ValueError("mine")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_an_error_and_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "gone" / "a.txt") as temporary:
        temporary.write_text("new")
    assert list(tmp_path.iterdir()) == []


def test_writable_places_pass_and_stay_as_they_are(tmp_path):
    path = tmp_path / "a.txt"
    assert check_writable(str(path)) == path
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    assert check_writable(path) == path
    assert path.read_text() == "old"


def test_places_that_cannot_be_written_are_explained(tmp_path):
    with pytest.raises(ValueError, match="it is a folder"):
        check_writable(tmp_path)
    with pytest.raises(ValueError, match=r"no folder .*gone; make it first"):
        check_writable(tmp_path / "gone" / "a.txt")
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="no folder"):
        check_writable(tmp_path / "file" / "a.txt")


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="such folders do not stop root")
def test_a_folder_that_is_read_only_is_explained(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(ValueError, match="not writable"):
        check_writable(folder / "a.txt")


def test_no_file_is_written_twice_or_over_what_is_read(tmp_path):
    read = tmp_path / "read"
    read.touch()
    check_outputs(tmp_path / "a", None, tmp_path / "b", None, inputs=[read, "no file"])
    with pytest.raises(ValueError, match="a would be written twice; name two files"):
        check_outputs(tmp_path / "a", None, tmp_path / ".." / tmp_path.name / "a")
    with pytest.raises(ValueError, match="read is what is read; name another file to write"):
        check_outputs(tmp_path / "a", tmp_path / "read", inputs=[read])
    with pytest.raises(ValueError, match="there is no folder"):
        check_outputs(tmp_path / "a", tmp_path / "gone" / "b")


def test_folders_are_checked_before_they_are_made(tmp_path):
    (tmp_path / "file").touch()
    for name in ("", "new", "new/and/deep"):
        assert check_folder(tmp_path / name) == tmp_path / name
    for name in ("file", "file/new"):
        with pytest.raises(ValueError, match="file is a file; name a folder"):
            check_folder(tmp_path / name)
    with pytest.raises(ValueError, match="cannot write into /proc/x: folder /proc is not writable"):
        check_folder("/proc/x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
