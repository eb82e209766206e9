"""Where no checksum is published, the first download is what later ones must match."""

import json

import pytest
from publisher import checksum, left

from fivefold.plumbing.errors import DataError
from fivefold.public_data.pins import Pins


def file(host, body):
    return {"name": "a.zip", "url": host.put("/a.zip", body)}


def test_the_first_download_is_pinned(host, body, bring, data_root):
    bring(file(host, body))
    (url,) = pins = json.loads((data_root / "pins.json").read_text())
    assert url == f"{host.url}/a.zip"
    assert pins[url]["checksum"] == checksum(body)
    assert pins[url]["bytes"] == len(body)


def test_the_same_again_is_fine(host, body, bring, tmp_path):
    bring(file(host, body))
    assert (bring(file(host, body), to=tmp_path / "there") / "a.zip").read_bytes() == body


def test_another_one_later_is_refused(host, body, bring, tmp_path):
    bring(file(host, body))
    with pytest.raises(DataError) as error:
        bring(file(host, body[::-1]), to=tmp_path / "there")
    assert checksum(body[::-1]) in error.value.found
    assert checksum(body) in error.value.wanted
    assert "pins.json" in error.value.hint
    assert left(tmp_path / "there") == []


def test_taking_the_address_out_trusts_the_new_one(host, body, bring, tmp_path, data_root):
    bring(file(host, body))
    (data_root / "pins.json").write_text("{}")
    bring(file(host, body[::-1]), to=tmp_path / "there")
    assert Pins().of(f"{host.url}/a.zip").checksum == checksum(body[::-1])


def test_a_published_checksum_needs_no_pin(host, body, bring, data_root):
    bring({**file(host, body), "checksum": checksum(body)})
    assert not (data_root / "pins.json").exists()


def test_what_lies_there_is_held_against_its_pin(host, body, bring):
    folder = bring(file(host, body))
    (folder / "a.zip").write_bytes(b"changed")
    with pytest.raises(DataError, match="another"):
        bring(file(host, body))


def test_a_file_left_from_another_address_is_not_pinned(host, body, bring, tmp_path):
    begun = tmp_path / "here" / ".thing.part"
    begun.mkdir(parents=True)
    (begun / "a.zip").write_bytes(b"of an older record")
    assert (bring(file(host, body)) / "a.zip").read_bytes() == body


def test_two_first_downloads_that_differ():
    pins = Pins()
    pins.keep("https://a.org/x", checksum(b"1"), 1)
    pins.keep("https://a.org/x", checksum(b"1"), 1)
    with pytest.raises(DataError, match="pinned by the first download"):
        pins.keep("https://a.org/x", checksum(b"2"), 1)


@pytest.mark.parametrize("text", ["{", "[]", '{"https://a.org/x": 1}', '{"u": {"checksum": "c"}}'])
def test_a_damaged_file_of_pins_is_said(data_root, text):
    data_root.mkdir()
    (data_root / "pins.json").write_text(text)
    with pytest.raises(DataError, match=r"pins\.json"):
        Pins().of("https://a.org/x")
