"""The summary is plain JSON; the sheet shows every class, whatever its pictures and name."""

import json

import numpy as np
from clouds import picture

from fivefold.plumbing.sketch import curve
from fivefold.step2_gather.look import contact_sheet, summary


def test_the_summary_is_plain_json_and_counts_everything(make, look):
    root = make({"cat": 12, "dog": 8})
    (root / "cat" / "bad.png").write_text("broken")
    gathered = look(root)
    plain = summary(gathered.dataset, vault_size=gathered.vault.size)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["items"] == 21
    assert plain["open_rows"] + plain["vault_rows"] == 20
    assert sum(plain["classes"].values()) == plain["open_rows"]
    assert plain["sizes"] == {"40x32": 20}
    assert [bad["path"] for bad in plain["quarantine"]] == ["cat/bad.png"]
    assert plain["input"] == ["image"]


def test_the_sheet_has_a_line_per_class_with_its_pictures(make, look):
    data = look(make({"cat": 30, "dog": 20})).dataset
    sheet = contact_sheet(data, as_it_is, columns=4)
    assert sheet.size == (176 + 4 * 100 + 4, 2 * 100 + 4)
    first = np.asarray(sheet)[4:100, 176:272]
    shown = data.rows.take(np.flatnonzero(data.targets == 0)[:1])[0]
    # The middle of the cell is the middle of the picture.
    middle = first[40:56, 40:56].reshape(-1, 3).mean(0)
    assert np.abs(middle - shown[13:19, 17:23].reshape(-1, 3).mean(0)).max() < 12


def test_at_most_twelve_classes_are_shown_the_largest_first(make, look):
    data = look(make({f"c{i:02d}": 2 + i for i in range(15)}, size=(8, 8))).dataset
    assert contact_sheet(data, as_it_is).size[1] == 12 * 100 + 4


def test_grey_pictures_and_names_in_any_script_make_a_sheet(tmp_path, look, rng):
    for name in ("ναυς", "корабль", "船", "a" * 90):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for i in range(4):
            picture(rng, (8, 8)).convert("L").save(folder / f"{i}.png")
    data = look(tmp_path / "data").dataset
    assert data.rows.item_shape == (8, 8, 1)
    sheet = np.asarray(contact_sheet(data, as_it_is))
    # Every class has ink where its name stands, and the longest stops before the pictures.
    for line in range(4):
        names = sheet[4 + line * 100 : 22 + line * 100, :172]
        assert names.min() < 128
        assert (names[:, 170:] == 255).all()


def test_what_is_no_picture_is_drawn_or_written(look, rng):
    vectors = rng.normal(size=(40, 5)).astype(np.float32)
    data = look((vectors, np.arange(40) % 2)).dataset
    drawn = contact_sheet(data, lambda item: curve(item.reshape(-1, 1)))
    written = contact_sheet(data, lambda item: f"five numbers, the first {item[0]:.2f}")
    assert drawn.size == (176 + 8 * 100 + 4, 2 * 100 + 4)
    assert written.size == (176 + 2 * 268 + 4, 2 * 100 + 4)
    for sheet in (drawn, written):
        assert np.asarray(sheet)[4:100, 176:272].min() < 128


def as_it_is(item):
    return item
