"""A bundle in which any file is missing or cut off is one clear error, not an answer."""

import shutil

import fivefold


def test_every_file_of_a_bundle_missed_or_cut_is_one_clear_error(place, write, refused):
    write(place / "data", 20)
    run = fivefold.win("data", budget=1, nets=1, out="run")
    files = [file for file in (run.folder / "bundle").rglob("*") if file.is_file()]
    files = [file for file in files if file.name != "bundle.safetensors"]  # answers, empty here
    assert len(files) > 3
    for file in files:
        whole = file.read_bytes()
        for damage in (whole[: len(whole) // 2], b"", None):
            file.unlink()
            if damage is not None:
                file.write_bytes(damage)
            refused("predict", "run", "data/red/000.png")
            file.write_bytes(whole)
    assert run.bundle.predict(["data/red/000.png"]) == fivefold.load("run").predict(
        ["data/red/000.png"]
    )
    shutil.rmtree("run/bundle")
    assert "no bundle" in refused("predict", "run", "data/red/000.png")
