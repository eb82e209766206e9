"""What is not as published is refused in one clear line, and nothing of it stays."""

import shutil

import pytest
from publisher import CALM, checksum, left

from fivefold.plumbing.errors import DataError, RunError
from fivefold.public_data.addresses import redirected, refusal
from fivefold.public_data.partial import Partial
from fivefold.public_data.transfer import Limits


def file(host, body, **manners):
    return {"name": "a.zip", "url": host.put("/a.zip", body, **manners)}


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_a_wrong_checksum(host, body, bring, tmp_path, algorithm):
    wanted = checksum(b"other", algorithm)
    with pytest.raises(DataError) as error:
        bring({**file(host, body), "checksum": wanted})
    assert checksum(body, algorithm) in error.value.found
    assert wanted in error.value.wanted
    assert left(tmp_path / "here") == []


@pytest.mark.parametrize("wrong", [-1, 1])
@pytest.mark.parametrize("length", [True, False])
def test_a_wrong_size(host, body, bring, tmp_path, wrong, length):
    stated = {**file(host, body, length=length), "bytes": len(body) + wrong}
    with pytest.raises(DataError if length or wrong < 0 else RunError) as error:
        bring(stated)
    assert str(len(body) + wrong) in error.value.wanted or "rest" in error.value.wanted
    assert not (tmp_path / "here" / "thing").exists()
    assert length is False or left(tmp_path / "here") == []


def test_more_than_is_allowed_where_no_size_is_published(host, body, bring, tmp_path):
    with pytest.raises(DataError, match="at most"):
        bring(file(host, body), limits=Limits(unstated=1000, pause=0))
    assert left(tmp_path / "here") == []


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_file_that_is_gone_is_not_asked_for_again(host, body, bring, code):
    with pytest.raises(RunError, match=f"HTTP {code}"):
        bring(file(host, body, codes=[code] * 9))
    assert len(host.asked) == 1


def test_a_busy_server_is_asked_again(host, body, bring, diary):
    folder = bring(file(host, body, codes=[503, 429], headers={"Retry-After": "0"}))
    assert (folder / "a.zip").read_bytes() == body
    assert [line for line in diary.said if "busy" in line]


def test_redirects_are_followed(host, body, bring):
    host.put("/c.zip", body)
    host.put("/b.zip", b"", location="/c.zip")
    folder = bring(file(host, b"", location="/b.zip"))
    assert (folder / "a.zip").read_bytes() == body


def test_but_not_round_in_circles(host, bring):
    with pytest.raises(RunError, match="more than 3 times"):
        bring(file(host, b"", location="/a.zip"))
    assert len(host.asked) == CALM.redirects + 1


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://a.org/x", "http://a.org/x"),
        ("https://a.org/x", "http://localhost/x"),
        ("http://localhost/x", "http://a.org/x"),
        ("https://a.org/x", "file:///etc/passwd"),
        ("https://a.org/x", None),
    ],
)
def test_nor_away_from_https(url, location):
    with pytest.raises(RunError, match="https"):
        redirected(url, location)


def test_https_leads_on_to_https():
    assert redirected("https://a.org/x/y", "/z?w=1") == "https://a.org/z?w=1"
    assert redirected("http://localhost/x", "https://a.org/x") == "https://a.org/x"


@pytest.mark.parametrize("url", ["http://a.org/x", "ftp://a.org/x", "https:///x", "x", "localhost"])
def test_what_is_no_address(url):
    assert refusal(url)


@pytest.mark.parametrize("url", ["https://a.org/x", "http://localhost:80/x", "http://[::1]/x"])
def test_what_is_an_address(url):
    assert refusal(url) is None


@pytest.mark.parametrize("silent", [0, 100_000])
def test_a_server_that_falls_silent(host, body, bring, silent):
    limits = Limits(timeout=0.1, attempts=2, pause=0)
    with pytest.raises(RunError, match=r"fell silent|no answer") as error:
        bring(file(host, body, silent=silent, ranges=False), limits=limits)
    assert "goes on from there" in error.value.hint


def test_no_network(bring, closed_port, tmp_path):
    with pytest.raises(RunError, match="refused") as error:
        bring({"name": "a.zip", "url": f"http://127.0.0.1:{closed_port}/a.zip"})
    assert "check the network" in error.value.hint
    assert left(tmp_path / "here") == []


def test_a_web_page_is_not_the_file(host, bring):
    page = {"Content-Type": "text/html; charset=utf-8"}
    with pytest.raises(RunError, match="web page"):
        bring(file(host, b"<html>log in first</html>", headers=page))


def test_a_length_nobody_knows(host, body, bring):
    with pytest.raises(RunError, match="how long"):
        bring(file(host, body, length=False))
    folder = bring({**file(host, body, length=False), "checksum": checksum(body)})
    assert (folder / "a.zip").read_bytes() == body


def test_a_disk_without_room(host, body, bring, monkeypatch):
    tight = shutil._ntuple_diskusage(10**9, 10**9, 1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: tight)
    with pytest.raises(RunError, match="make room"):
        bring(file(host, body))


def test_a_disk_that_is_full_on_the_way(host, body, bring, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Partial, "append", full)
    with pytest.raises(RunError, match="No space left"):
        bring(file(host, body))


def test_a_folder_of_the_same_name_is_left_alone(host, body, bring, tmp_path):
    own = tmp_path / "here" / "thing" / "letters.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine")
    with pytest.raises(DataError, match=r"without a\.zip"):
        bring(file(host, body))
    assert own.read_text() == "mine"
    assert host.asked == []


def test_what_was_changed_since_is_noticed(host, body, bring):
    stated = {**file(host, body), "checksum": checksum(body)}
    place = bring(stated) / "a.zip"
    place.write_bytes(body[:-1])
    with pytest.raises(DataError, match="another"):
        bring(stated)
    assert place.read_bytes() == body[:-1]
