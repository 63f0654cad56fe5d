import os
import stat

import pytest

from diffpaint.io.files import beside, check_folder, check_outputs, check_writable, clear_leftovers, replacing


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


@pytest.mark.parametrize("length", [240, 250, 255])
def test_the_longest_names_are_written(tmp_path, length):
    path = check_writable(tmp_path / ("n" * (length - 4) + ".png"))
    with replacing(path) as temporary:
        assert temporary.suffix == ".png"
        temporary.write_text("new")
    assert path.read_text() == "new"
    state = beside(path, ".ckpt")
    assert state.name.endswith(".ckpt")
    state.write_text("kept")
    assert state != path


def test_a_name_that_is_too_long_is_refused_before_anything_is_done(tmp_path):
    with pytest.raises(ValueError, match="its name is too long"):
        check_writable(tmp_path / ("n" * 252 + ".png"))
    with pytest.raises(ValueError, match="its name is too long"):
        check_outputs(tmp_path / ("ä" * 127 + ".png"))  # letters of two bytes


def links_work(folder):
    try:
        (folder / "probe").symlink_to(folder / "nowhere")
    except OSError:
        return False
    (folder / "probe").unlink()
    return True


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path):
    if not links_work(tmp_path):
        pytest.skip("no links here")
    (tmp_path / "there").mkdir()
    for name, before in (("old.txt", "old"), ("new.txt", None)):
        target, link = tmp_path / "there" / name, tmp_path / name
        if before is not None:
            target.write_text(before)
        link.symlink_to(target)
        with replacing(check_writable(link)) as temporary:
            assert temporary.parent == target.parent
            temporary.write_text("written")
        assert link.is_symlink()
        assert target.read_text() == "written"
    (tmp_path / "lost.txt").symlink_to(tmp_path / "gone" / "lost.txt")
    with pytest.raises(ValueError, match=r"there is no folder .*gone"):
        check_writable(tmp_path / "lost.txt")


@pytest.mark.skipif(os.name != "posix", reason="permissions as POSIX has them")
def test_a_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    for mode in (0o600, 0o664):
        path.chmod(mode)
        with replacing(path) as temporary:
            temporary.write_text("new")
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_file_that_is_write_protected_is_left_alone(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o400)
    monkeypatch.setattr(os, "access", lambda file, mode: not str(file).endswith("a.txt"))  # as for all but root
    with pytest.raises(ValueError, match="write-protected"):
        check_writable(path)
    with pytest.raises(PermissionError, match="write-protected"), replacing(path):
        pass
    assert path.read_text() == "old"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes have no names here")
def test_what_is_no_regular_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="no regular file"):
        check_writable(tmp_path / "pipe.png")


def test_what_a_killed_run_left_is_cleared(tmp_path):
    with replacing(tmp_path / "a.png") as left:
        left.write_text("whole")
    (tmp_path / "a.png").unlink()
    left.write_text("half")
    clear_leftovers(tmp_path / "b.png")
    assert left.exists()
    clear_leftovers(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match=r"a\.png"), replacing(tmp_path / "a.png"):
        raise OSError(28, "No space left on device")
