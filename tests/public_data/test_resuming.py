"""A file comes whole whatever the server does in between, and never mixed of two versions."""

import pytest
from publisher import checksum, left

from fivefold.plumbing.errors import RunError
from fivefold.public_data import partial


def file(host, body, **manners):
    return {"name": "a.zip", "url": host.put("/a.zip", body, **manners), "bytes": len(body)}


def ranges(host):
    return [headers.get("Range") for _, headers in host.asked]


def test_a_file_comes_whole_and_nothing_else_stays(host, body, bring, diary):
    folder = bring({**file(host, body), "checksum": checksum(body)})
    assert (folder / "a.zip").read_bytes() == body
    assert left(folder.parent) == ["thing/a.zip"]
    assert [path.name for path in folder.parent.iterdir()] == ["thing"]
    assert diary.bars[-1][:2] == ("a.zip", 1.0)


def test_what_is_there_is_not_fetched_again(host, body, bring):
    first = bring(file(host, body))
    assert bring(file(host, body)) == first
    assert len(host.asked) == 1
    assert [path.name for path in first.parent.iterdir()] == ["thing"]


def test_a_cut_connection_goes_on_where_it_broke_off(host, body, bring, diary):
    folder = bring(file(host, body, cuts=[100_000, 50_000]))
    assert (folder / "a.zip").read_bytes() == body
    starts = [int(text[len("bytes=") : -1]) for text in ranges(host)[1:]]
    assert 0 < starts[0] <= 100_000
    assert starts[0] < starts[1] <= 150_000
    assert all(headers["If-Range"] == '"1"' for _, headers in host.asked[1:])
    assert any("trying again" in line for line in diary.said)


def test_progress_is_what_counts_not_the_number_of_attempts(host, body, bring):
    folder = bring(file(host, body, cuts=[70_000] * 4))
    assert (folder / "a.zip").read_bytes() == body
    assert len(host.asked) == 5


@pytest.mark.parametrize("manners", [{"ranges": False}, {"etag": None}, {"etag": 'W/"1"'}])
def test_a_server_that_cannot_go_on_is_asked_for_all_of_it(host, body, bring, manners):
    folder = bring(file(host, body, cuts=[100_000], **manners))
    assert (folder / "a.zip").read_bytes() == body
    assert len(host.asked) == 2


def test_the_next_command_goes_on_where_the_last_one_stopped(host, body, bring, tmp_path):
    with pytest.raises(RunError, match="goes on from there"):
        bring(file(host, body, cuts=[200_000, 0, 0, 0]))
    assert not (tmp_path / "here" / "thing").exists()
    assert len(left(tmp_path / "here")) == 2  # the part and its notes
    folder = bring(file(host, body))
    assert (folder / "a.zip").read_bytes() == body
    assert ranges(host)[-1] not in {None, "bytes=0-"}


@pytest.mark.parametrize("condition", [True, False])
def test_a_file_that_changed_in_between_starts_again(host, body, bring, condition):
    with pytest.raises(RunError):
        bring(file(host, body, cuts=[200_000, 0, 0, 0]))
    new = body[::-1]
    folder = bring(file(host, new, etag='"2"', condition=condition))
    assert (folder / "a.zip").read_bytes() == new
    assert ranges(host)[-2 + condition]


def test_a_part_that_is_longer_than_the_file_now_starts_again(host, body, bring):
    whole = {"name": "a.zip", "url": host.put("/a.zip", body, cuts=[200_000, 0, 0, 0])}
    with pytest.raises(RunError):
        bring(whole)
    host.put("/a.zip", body[:1000])
    assert (bring(whole) / "a.zip").read_bytes() == body[:1000]


def test_only_bytes_known_to_be_on_the_disk_are_built_upon(host, body, bring, tmp_path):
    with pytest.raises(RunError):
        bring(file(host, body, cuts=[200_000, 0, 0, 0]))
    part = tmp_path / "here" / ".thing.part" / ".a.zip.part"
    part.write_bytes(part.read_bytes() + bytes(5000))  # written, but never synced
    assert (bring(file(host, body)) / "a.zip").read_bytes() == body


def test_a_file_that_came_whole_before_a_kill_is_not_asked_for(host, body, bring, tmp_path):
    place = tmp_path / "here" / ".thing.part"
    place.mkdir(parents=True)
    kept = partial.Partial(place / ".a.zip.part")
    stated = file(host, body)
    kept.begin(partial.Version(url=stated["url"], validator='"1"', total=len(body)))
    assert list(kept.append([body])) == [len(body)]
    (place / "tmp1234").touch()  # what pooch writes into until then
    folder = bring(stated)
    assert (folder / "a.zip").read_bytes() == body
    assert left(folder) == ["a.zip"]
    assert host.asked == []


def test_starting_again_for_ever_is_no_progress(host, body, bring):
    with pytest.raises(RunError, match="ended early"):
        bring(file(host, body, ranges=False, cuts=[90_000, 180_000] * 9))
    assert len(host.asked) <= 5


def test_notes_that_are_damaged_cost_only_the_part(host, body, bring, tmp_path):
    with pytest.raises(RunError):
        bring(file(host, body, cuts=[200_000, 0, 0, 0]))
    notes = tmp_path / "here" / ".thing.part" / ".a.zip.part.json"
    notes.write_text("{")
    assert (bring(file(host, body)) / "a.zip").read_bytes() == body
    assert ranges(host)[-1] is None


def test_notes_are_written_on_the_way_too(tmp_path, monkeypatch):
    monkeypatch.setattr(partial, "SYNC_EVERY", 100)
    kept = partial.Partial(tmp_path / "part")
    kept.begin(partial.Version(url="u", validator="v", total=1000))
    writing = kept.append([bytes(70)] * 5)
    assert [next(writing) for _ in range(3)] == [70, 140, 210]
    assert partial.Partial(tmp_path / "part").have == 210
    writing.close()


def test_several_files_stand_there_together_or_not_at_all(host, body, bring, tmp_path):
    second = {"name": "b.zip", "url": host.put("/b.zip", body[:50], codes=[503] * 3)}
    with pytest.raises(RunError, match="busy"):
        bring(file(host, body), second)
    assert not (tmp_path / "here" / "thing").exists()
    folder = bring(file(host, body), second)
    assert left(folder) == ["a.zip", "b.zip"]
    assert [path for path, _ in host.asked].count("/a.zip") == 1
