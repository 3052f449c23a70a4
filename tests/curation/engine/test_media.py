from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

from curation.engine.media import FolderMedia, NoMedia, hash_of


def test_a_folder_gives_its_files_by_the_hash_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "猫").mkdir()
    first, second = tmp_path / "a.png", tmp_path / "猫" / "b.png"
    first.write_bytes(b"one")
    second.write_bytes(b"two")
    media = FolderMedia(tmp_path)
    assert media.path(sha256(b"one").hexdigest()) == first
    assert media.path(sha256(b"two").hexdigest()) == second
    assert media.path(sha256(b"three").hexdigest()) is None


def test_equal_bytes_are_answered_by_the_first_path_and_hidden_files_and_links_by_none(tmp_path: Path) -> None:
    for name in ("b.png", "a.png", ".hidden.png"):
        (tmp_path / name).write_bytes(b"same")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "object").write_bytes(b"other")
    (tmp_path / "link.png").symlink_to(tmp_path / ".git" / "object")
    media = FolderMedia(tmp_path)
    assert list(media.files().values()) == [tmp_path / "a.png"]
    assert media.path(hash_of(tmp_path / ".git" / "object")) is None


def test_a_version_without_pictures_has_none() -> None:
    assert NoMedia().path("0" * 64) is None


def test_many_threads_that_ask_at_once_all_get_their_file(tmp_path: Path) -> None:
    for number in range(64):
        (tmp_path / f"{number}.png").write_bytes(str(number).encode() * 10_000)
    media = FolderMedia(tmp_path)
    hashes = [hash_of(tmp_path / f"{number}.png") for number in range(64)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(media.path, hashes)) == [tmp_path / f"{number}.png" for number in range(64)]
