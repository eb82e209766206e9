"""Every record is complete, says who states what, and is honest about what can be read today."""

import json
import shlex
from pathlib import Path

import pytest
import typer
from publisher import record_of

from fivefold import catalog
from fivefold.cli import app
from fivefold.plumbing.errors import DataError, OptionError
from fivefold.public_data import listing
from fivefold.public_data.pins import Pins
from fivefold.public_data.records import find, registry

KINDS = {"image", "audio", "video", "text", "tokens", "story", "series", "array", "table"}
ANSWERS = {"class", "labels", "number", "tags", "text", "keypoints", "next", "answer"}
FILE = {"name": "a.zip", "url": "https://a.org/a.zip"}


def each_record(test):
    return pytest.mark.parametrize("record", registry().values(), ids=lambda r: r.word)(test)


def test_every_kind_of_input_is_there():
    assert {record.input for record in registry().values()} == KINDS
    assert len(registry()) >= 20


@each_record
def test_a_record_is_complete(record):
    assert record.target in ANSWERS
    for file in record.files:
        assert file.url.startswith("https://")
    for text in (record.title, record.licence, record.citation, record.address_from):
        assert text == text.strip()
        assert len(text) > 2
    assert set(record.options) <= {"test", "label", "path", "target"}


@each_record
def test_sizes_and_checksums_stand_beside_who_states_them(record):
    stated = [file for file in record.files if file.bytes or file.checksum]
    assert bool(stated) == bool(record.facts_from)


@each_record
def test_the_next_command_can_be_typed(record, monkeypatch):
    monkeypatch.setattr(listing, "readable", lambda _: True)
    line = listing.what_next(record, Path("some folder") / record.word).removeprefix("next: ")
    program, name, *rest = shlex.split(line)
    context = typer.main.get_command(app).commands[name].make_context(name, rest)
    assert program == "fivefold"
    assert context.params["data"] == Path("some folder") / record.word / record.data
    if "test" in record.options:
        assert Path(context.params["test"]).name == record.options["test"]


def test_what_can_be_read_is_what_the_catalog_reads(monkeypatch):
    assert listing.readable(find("flower_photos"))
    assert listing.readable(find("wnut17"))
    tags = catalog.TARGETS["tags"]
    monkeypatch.delitem(catalog.TARGETS, "tags")
    assert not listing.readable(find("wnut17"))
    monkeypatch.setitem(catalog.TARGETS, "tags", tags)
    monkeypatch.delitem(catalog.INPUTS, "tokens")
    assert not listing.readable(find("wnut17"))


def test_what_comes_from_python_only_is_not_read_from_files(monkeypatch):
    vectors = catalog.Entry(word="array", place="here:Array", facts={"files": False})
    monkeypatch.setitem(catalog.INPUTS, "array", vectors)
    assert not listing.readable(find("mnist"))
    assert "does not read array files" in listing.what_next(find("mnist"), Path("x"))


def test_the_table_has_a_line_for_each_and_what_can_be_read_first():
    head, *lines = listing.table()
    assert sorted(line.split()[0] for line in lines) == sorted(registry())
    unread = ["kind not read yet" in line for line in lines]
    assert unread == sorted(unread)
    column = head.index("checksum")
    told = {line.split()[0]: line[column:].split("  ")[0] for line in lines}
    assert told["flower_photos"] == "published"
    assert told["ford_a"] == "first pins it"


def test_the_table_says_when_something_was_pinned():
    Pins().keep(find("babi").files[0].url, "sha256:0", 1)
    (line,) = [line for line in listing.table() if line.startswith("babi ")]
    assert f"pinned {Pins().of(find('babi').files[0].url).day}" in line


def test_all_facts_are_json():
    facts = json.loads(json.dumps(listing.facts(find("beans"))))
    assert facts["bytes"] == sum(file["bytes"] for file in facts["files"])
    assert facts["readable"] is True
    assert facts["pinned"] == {}


def test_a_word_nearly_right():
    with pytest.raises(OptionError, match="did you mean flower_photos"):
        find("flower_photo")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"title": ""}, "title"),
        ({"citation": ""}, "citation"),
        ({"address_from": ""}, "address_from"),
        ({"data": "b.zip"}, "none of its files"),
        ({"licence": "MIT"}, "licence_from"),
        ({"licence_from": "somebody"}, "licence_from"),
        ({"facts_from": "somebody"}, "facts_from"),
        ({"files": [{**FILE, "bytes": 1}], "facts_from": ""}, "facts_from"),
        ({"files": [FILE, FILE]}, "two files"),
        ({"files": [{**FILE, "name": "../a.zip"}], "data": "../a.zip"}, "plain file name"),
        ({"files": [{**FILE, "url": "http://a.org/a.zip"}]}, "https"),
        ({"files": [{**FILE, "checksum": "sha256:12"}], "facts_from": "x"}, "no checksum"),
        ({"files": [{"name": "a.zip"}]}, "url"),
        ({"colour": "blue"}, "colour"),
    ],
)
def test_a_record_that_is_not_right_is_refused(wrong, said):
    with pytest.raises(DataError, match=said):
        record_of(FILE, **wrong)
