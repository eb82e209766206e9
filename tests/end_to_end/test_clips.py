"""From clip files to an ensemble: which way a square moves, which no single frame tells."""

from __future__ import annotations

import numpy as np
import pytest

import fivefold

av = pytest.importorskip("av")

SIDE, FRAMES = 32, 8


def write_clips(root, per_class, seed=0):
    """Clips of a square that goes left or right: the same frames, the other way round."""
    rng = np.random.default_rng(seed)
    for name, way in (("left", -1), ("right", 1)):
        (root / name).mkdir(parents=True)
        for number in range(per_class):
            row, start = rng.integers(1, SIDE - 9), rng.integers(0, 8)
            frames = np.full((FRAMES, SIDE, SIDE, 3), 40, np.uint8)
            frames += rng.integers(0, 30, frames.shape, dtype=np.uint8)
            for t, frame in enumerate(frames[::way]):
                frame[row : row + 8, start + 2 * t : start + 2 * t + 8] = rng.integers(180, 255)
            write(root / name / f"{number:03d}.mp4", frames)
    return root


def write(path, frames):
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), "rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


@pytest.mark.slow
@pytest.mark.usefixtures("few_trees")
def test_which_way_a_square_moves(tmp_path, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    data = write_clips(tmp_path / "clips", 60)
    (data / "left" / "broken.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(60))
    out = tmp_path / "run"
    run = fivefold.win(data, out=out, budget="40s", steps=60, nets=1, net="late_fusion")
    expansion = (tmp_path / "run" / "expand" / "expansion.json").read_text()
    assert '"mirror": 0.0' in expansion
    assert [one["path"] for one in run.report.data["quarantine"]] == ["left/broken.mp4"]
    assert run.report.scores["ensemble"]["accuracy"]["value"] >= 0.8
    (answer,) = run.predict([(data / "right" / "000.mp4").read_bytes()])
    assert answer == "right"
