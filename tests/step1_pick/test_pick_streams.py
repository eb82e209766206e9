"""Shards and column files: what is the item, what the label, which part, without flags."""

import io
import json
import tarfile

import numpy as np
import PIL.Image
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fivefold.plumbing.column_rows import ColumnRows
from fivefold.plumbing.errors import DataError
from fivefold.step1_pick import streams
from fivefold.step1_pick.problem import pick


def picture(i):
    file = io.BytesIO()
    pixels = np.random.default_rng(i).integers(0, 256, (12, 12, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def write_shard(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as shard:
        for name, data in rows:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            shard.addfile(info, io.BytesIO(data))
    return path


def with_cls(start, count):
    for i in range(start, start + count):
        yield f"{i:05d}.cls", str(i % 2).encode()
        yield f"{i:05d}.png", picture(i)


def with_json(start, count):
    for i in range(start, start + count):
        facts = {"label": "ab"[i % 2], "speaker": f"s{i % 4}", "box": [1, 2], "year": 2000 + i}
        yield f"{i:05d}.json", json.dumps(facts).encode()
        yield f"{i:05d}.png", picture(i)


@pytest.fixture
def run(tmp_path):
    return lambda path, **asked: pick(path, scratch=tmp_path / "scratch", **asked)


def guess(picked, question):
    return next(one for one in picked.problem.guesses if one.question == question)


def test_one_shard_is_pictures_with_classes(run, tmp_path):
    picked = run(write_shard(tmp_path / "data.tar", with_cls(0, 12)))
    assert picked.problem.inputs[0].kind == "image"
    assert picked.problem.target.kind == "class"
    assert picked.listing.names[3] == "data.tar/00003.png"
    assert picked.listing.labels[:4] == ("0", "1", "0", "1")
    assert picked.source.read("data.tar/00003.png") == picture(3)
    assert "1 shards of 12 items, .png each" in guess(picked, "layout").answer


def test_shards_named_by_part_and_labels_and_groups_in_json(run, tmp_path):
    write_shard(tmp_path / "data" / "train-000.tar", with_json(0, 12))
    write_shard(tmp_path / "data" / "train-001.tar", with_json(12, 12))
    write_shard(tmp_path / "data" / "test-000.tar", with_json(24, 6))
    (tmp_path / "data" / "README.md").write_text("about")
    picked = run(tmp_path / "data")
    assert picked.listing.parts == ("test",) * 6 + ("train",) * 24
    assert picked.listing.labels[:2] == ("a", "b")
    assert set(picked.listing.groups) == {"s0", "s1", "s2", "s3"}
    assert picked.problem.target.column == "label"


def test_options_name_fields_of_shards(run, tmp_path):
    path = write_shard(tmp_path / "data.tar", with_json(0, 20))
    picked = run(path, label="speaker", group="none", time="year")
    assert set(picked.listing.labels) == {"s0", "s1", "s2", "s3"}
    assert picked.listing.times[:2] == (2000.0, 2001.0)
    with pytest.raises(DataError, match=r"fields .* of the shards"):
        run(path, label="nothing")


def test_an_archive_of_class_folders_is_no_shard(run, tmp_path):
    rows = [(f"{'ab'[i % 2]}/{i}.png", picture(i)) for i in range(12)]
    picked = run(write_shard(tmp_path / "data.tar", rows))
    assert picked.problem.layout == "class folders"


def hugging(count, start=0):
    numbers = range(start, start + count)
    features = {"label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}
    made = pa.table(
        {
            "image": [{"bytes": picture(i), "path": f"{i}.png"} for i in numbers],
            "label": [i % 2 for i in numbers],
        }
    )
    return made.replace_schema_metadata(
        {"huggingface": json.dumps({"info": {"features": features}})}
    )


def test_pictures_in_parquet_files_with_named_classes(run, tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    pq.write_table(hugging(20), folder / "train-00000-of-00002.parquet")
    pq.write_table(hugging(20, 20), folder / "train-00001-of-00002.parquet")
    pq.write_table(hugging(8, 40), folder / "test-00000-of-00001.parquet")
    picked = run(folder)
    assert picked.problem.inputs[0].kind == "image"
    assert picked.listing.names[0] == "test-00000-of-00001.parquet:1"
    assert picked.listing.parts == ("test",) * 8 + ("train",) * 40
    assert picked.listing.labels[8:10] == ("cat", "dog")
    assert picked.source.read("train-00001-of-00002.parquet:3") == picture(22)
    assert picked.problem.target.column == "label"


def cells(count):
    return {
        "id": list(range(count)),
        "review": [f"words and words again {i}" for i in range(count)],
        "stars": [i % 5 for i in range(count)],
        "sentiment": [[None, "good", "bad"][i % 3] for i in range(count)],
        "user": [f"u{i % 7}" for i in range(count)],
        "split": ["test" if i % 5 == 0 else "train" for i in range(count)],
    }


def test_a_large_table_of_texts_is_read_forward(run, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "_SMALL", 0)
    pq.write_table(pa.table(cells(60)), tmp_path / "data.parquet")
    picked = run(tmp_path / "data.parquet", target_kind="class")
    assert picked.problem.inputs[0].kind == "text"
    assert picked.problem.inputs[0].column == "review"
    assert picked.problem.target.column == "sentiment"
    assert picked.listing.labels[:3] == (None, "good", "bad")
    assert picked.listing.parts[:2] == ("test", "train")
    assert picked.listing.groups[:2] == ("u0", "u1")
    assert picked.source.read("data.parquet:2") == b"words and words again 1"


def test_a_large_table_of_cells_is_read_forward(run, tmp_path, monkeypatch):
    monkeypatch.setattr(streams, "_SMALL", 0)
    pq.write_table(pa.table(cells(60)).drop(["review"]), tmp_path / "data.parquet")
    picked = run(tmp_path / "data.parquet", group="none", label="sentiment")
    assert picked.problem.inputs[0].kind == "table"
    assert json.loads(picked.source.read("data.parquet:3")) == {"stars": 2, "user": "u2"}


def test_a_small_file_of_many_cells_is_read_forward_too(run, tmp_path, monkeypatch):
    few = {"a": [i % 7 for i in range(5000)], "b": ["x", "y"] * 2500, "c": list("pqrst") * 1000}
    pq.write_table(pa.table(few), tmp_path / "data.parquet")
    monkeypatch.setattr(streams, "MOST_CELLS", 15_000)
    assert run(tmp_path / "data.parquet", input_kind="table", label="b").problem.layout == "rows"
    monkeypatch.setattr(streams, "MOST_CELLS", 14_999)
    picked = run(tmp_path / "data.parquet", input_kind="table", label="b")
    assert picked.problem.layout == "column files"


def leaky(count):
    heat = np.random.default_rng(0).normal(size=count)
    return {
        "T": heat.tolist(),
        "label": [int(one < 0) for one in heat],
        "copy": [str(int(one < 0)) for one in heat],
        "const": [1.0] * count,
        "farm": [i // 10 for i in range(count)],
        "stall": [i % 3 for i in range(count)],
        "noise": np.random.default_rng(1).normal(size=count).tolist(),
    }


@pytest.mark.parametrize("small", [0, 1 << 20])
def test_what_gives_the_label_away_is_no_input_in_files_of_any_size(
    run, tmp_path, monkeypatch, small
):
    monkeypatch.setattr(streams, "_SMALL", small)
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table(leaky(80)), path, row_group_size=30)

    def inputs(**asked):
        return set(json.loads(run(path, **asked).source.read("data.parquet:2")))

    assert inputs(group="farm,stall", label="T<0") == {"noise"}
    assert inputs(group="farm,stall") == {"T", "noise"}
    picked = run(path)
    assert guess(picked, "column copy").why == "equal to label in every row (a leak)"
    assert guess(picked, "column const").answer == "no input"


def test_rows_of_a_sample_are_spread_over_all_files(tmp_path):
    for i in range(3):
        rows = pa.table({"a": range(i * 50, i * 50 + 50)})
        pq.write_table(rows, tmp_path / f"{i}.parquet", row_group_size=20)
    found = ColumnRows([tmp_path / f"{i}.parquet" for i in range(3)])
    rows, cells = found.sample(["a"], 40)
    assert list(rows) == cells["a"] == list(range(0, 150, 4))
    assert found.sample(["a"], 1_000)[1]["a"] == list(range(150))


def test_without_a_label_the_columns_are_named(run, tmp_path):
    pq.write_table(hugging(10).drop(["label"]), tmp_path / "data.parquet")
    with pytest.raises(DataError, match=r"columns image\.bytes, image\.path in data\.parquet"):
        run(tmp_path / "data.parquet")


def test_a_second_source_has_the_groups_and_times_that_it_tells(run, tmp_path):
    data = write_shard(tmp_path / "data.tar", with_json(0, 12))
    own = write_shard(tmp_path / "own.tar", with_json(12, 8))
    none = write_shard(tmp_path / "none.tar", with_cls(12, 8))
    asked = {"group": "speaker", "time": "year"}
    told = run(data, test=own, **asked).test_listing
    assert told.groups == tuple(f"s{i % 4}" for i in range(12, 20))
    assert told.times == tuple(float(2000 + i) for i in range(12, 20))
    silent = run(data, test=none, **asked)
    assert (silent.test_listing.groups, silent.test_listing.times) == ((), ())
    assert guess(silent, "groups of the test part").why.endswith("none.tar does not tell speaker")
