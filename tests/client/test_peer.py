"""What the client does about each answer of another tool: over real HTTP, with real broken connections."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay_client._exceptions import ConnectionFailed, NotAllowed, NotAuthenticated, NotFound, UnexpectedAnswer
from assay_client._migration.label_studio import sign_in
from assay_client._migration.peer import FileRefused, Peer
from tests.client.old_tools import Answer, OldTool, png


@pytest.fixture
def tool() -> Iterator[OldTool]:
    with OldTool("Token right").serving() as made:
        made.get("/api/thing", {"ok": True})
        made.get("/data/a.png", png(1))
        yield made


@pytest.fixture
def elsewhere() -> Iterator[OldTool]:
    with OldTool().serving() as made:
        made.get("/b.png", png(2))
        yield made


def peer(tool: OldTool, *media_from: str, retries: int = 5) -> Peer:
    made = Peer("Label Studio", tool.url, media_from=media_from, retries=retries, sleep=lambda _seconds: None)
    made.headers = {"Authorization": "Token right"}
    return made


def test_a_wrong_token_is_said_with_what_to_do(tool: OldTool) -> None:
    made = peer(tool)
    made.headers = {"Authorization": "Token wrong"}
    with pytest.raises(NotAuthenticated, match=f"Label Studio at {tool.url} does not take the token. Make one"):
        made.json("GET", "/api/thing")
    tool.first["/api/thing"] = [Answer(403, {"detail": "Invalid token."})]
    with pytest.raises(NotAuthenticated):
        peer(tool).json("GET", "/api/thing")
    tool.first["/api/thing"] = [Answer(403, {"detail": "You do not have permission."})]
    with pytest.raises(NotAllowed, match="Use the token of somebody who may"):
        peer(tool).json("GET", "/api/thing")


def test_what_is_not_there_names_its_place(tool: OldTool) -> None:
    with pytest.raises(NotFound, match="has nothing at /api/projects/9/"):
        peer(tool).json("GET", "/api/projects/9/")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_failure_is_tried_again(tool: OldTool, status: int) -> None:
    tool.first["/api/thing"] = [Answer(status), Answer(status)]
    assert peer(tool).json("GET", "/api/thing") == {"ok": True}
    assert tool.count("/api/thing") == 3


def test_nobody_at_the_address(tool: OldTool) -> None:
    made = Peer("CVAT", "http://127.0.0.1:9", retries=1, sleep=lambda _seconds: None)
    with pytest.raises(ConnectionFailed, match="CVAT does not answer at http"):
        made.json("GET", "/api/thing")


def test_a_page_instead_of_an_api_and_another_address(tool: OldTool) -> None:
    tool.first["/api/thing"] = [Answer(200, b"<html>Sign in</html>")]
    with pytest.raises(UnexpectedAnswer, match="Is this the address of Label Studio"):
        peer(tool).json("GET", "/api/thing")
    tool.first["/api/thing"] = [Answer(302, headers={"Location": "https://other.example/api/thing"})]
    with pytest.raises(UnexpectedAnswer, match="sends on to https://other"):
        peer(tool).json("GET", "/api/thing")


def test_no_session_is_kept_beside_the_token(tool: OldTool) -> None:
    tool.first["/api/thing"] = [Answer(200, {}, {"Set-Cookie": "sessionid=1; Path=/"})]
    made = peer(tool)
    made.json("GET", "/api/thing")
    made.json("GET", "/api/thing")
    assert all("cookie" not in asked.headers for asked in tool.asked)


def test_a_download_that_breaks_off_is_begun_again(tool: OldTool, tmp_path: Path) -> None:
    tool.first["/data/a.png"] = [Answer(200, png(1)[:20], cut=True), Answer(503)]
    assert peer(tool).save("/data/a.png", tmp_path / "a.png") == len(png(1))
    assert (tmp_path / "a.png").read_bytes() == png(1)
    tool.first["/data/a.png"] = [Answer(200, png(1)[:20], cut=True)] * 2
    with pytest.raises(ConnectionFailed):
        peer(tool, retries=1).save("/data/a.png", tmp_path / "b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("answer", "code"), [(Answer(404), "media_missing"), (Answer(403), "media_refused"), (Answer(410), "media_refused")]
)
def test_a_file_that_does_not_come_is_a_row_of_the_report(
    tool: OldTool, tmp_path: Path, answer: Answer, code: str
) -> None:
    tool.first["/data/a.png"] = [answer]
    with pytest.raises(FileRefused) as refused:
        peer(tool).save("/data/a.png", tmp_path / "a.png")
    assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_large_is_left_where_it_is(tool: OldTool, tmp_path: Path) -> None:
    with pytest.raises(FileRefused) as refused:
        peer(tool).save("/data/a.png", tmp_path / "a.png", most=10)
    assert refused.value.code == "media_large"
    assert list(tmp_path.iterdir()) == []


def test_files_come_from_hosts_that_were_named_and_the_token_goes_to_none_of_them(
    tool: OldTool, elsewhere: OldTool, tmp_path: Path
) -> None:
    host = elsewhere.url.removeprefix("http://")
    redirect = Answer(302, headers={"Location": f"{elsewhere.url}/b.png"})
    for address in (f"{elsewhere.url}/b.png", "/data/a.png"):
        tool.first["/data/a.png"] = [redirect]
        with pytest.raises(FileRefused, match=f"--media-from {host}") as refused:
            peer(tool).save(address, tmp_path / "b.png")
        assert refused.value.code == "media_elsewhere"
    assert elsewhere.asked == []
    tool.first["/data/a.png"] = [redirect]
    for number, address in enumerate((f"{elsewhere.url}/b.png", "/data/a.png")):
        peer(tool, host).save(address, tmp_path / f"{number}.png")
        assert (tmp_path / f"{number}.png").read_bytes() == png(2)
    assert len(elsewhere.asked) == 2
    assert all("authorization" not in asked.headers for asked in elsewhere.asked)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "ftp://127.0.0.1/a", "http://127.0.0.1:x/a", "http://[", "gopher://a", "//evil/a"]
)
def test_what_is_no_address_of_the_web_is_refused(tool: OldTool, tmp_path: Path, address: str) -> None:
    with pytest.raises(FileRefused):
        peer(tool).save(address, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_personal_token_is_exchanged_and_exchanged_again(tool: OldTool) -> None:
    fresh = iter(["one", "two"])

    def refresh(asked: object) -> dict[str, str]:
        tool.needs = f"Bearer {next(fresh)}"
        return {"access": tool.needs.removeprefix("Bearer ")}

    tool.open = {"/api/token/refresh/"}
    tool.post("/api/token/refresh/", refresh)
    made = Peer("Label Studio", tool.url, sleep=lambda _seconds: None)
    sign_in(made, "head.body.sign")
    assert made.json("GET", "/api/thing") == {"ok": True}
    tool.needs = "Bearer expired"
    assert made.json("GET", "/api/thing") == {"ok": True}
    assert made.headers == {"Authorization": "Bearer two"}
    assert [asked.body for asked in tool.asked if asked.method == "POST"] == [{"refresh": "head.body.sign"}] * 2
