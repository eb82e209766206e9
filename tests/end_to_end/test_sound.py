"""Sound files in class folders, from the files to the report."""

from __future__ import annotations

import numpy as np
import pytest

import fivefold

soundfile = pytest.importorskip("soundfile")
pytest.importorskip("librosa")


@pytest.fixture
def folder(tmp_path):
    """Low and high tones of uneven length, rate, format and channels; two files that are none."""
    rng = np.random.default_rng(0)
    for label, pitch in (("low", 250), ("high", 900)):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for i in range(40):
            rate = 16000 if i % 8 == 0 else 8000
            at = np.arange(int(rate * rng.uniform(0.2, 0.4))) / rate
            wave = 0.3 * np.sin(2 * np.pi * pitch * rng.uniform(0.8, 1.25) * at)
            wave = np.stack([wave, wave], 1) if i % 5 == 0 else wave
            wave = wave + 0.01 * rng.standard_normal(wave.shape)
            form = ("wav", "flac", "ogg")[i % 3]
            soundfile.write(tmp_path / "sounds" / label / f"{i}.{form}", wave, rate)
    (tmp_path / "sounds" / "low" / "empty.wav").write_bytes(b"")
    (tmp_path / "sounds" / "high" / "notes.wav").write_bytes(b"no sound, a note")
    return tmp_path / "sounds"


def test_sounds_are_learned(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    run = fivefold.win(
        folder, budget="30s", out=tmp_path / "run", nets=1, steps=30, net="spectrogram_conv"
    )
    found = run.report
    assert found is not None
    good = next((folder / "low").glob("*.wav"))
    answers = run.predict([str(good)])
    assert list(answers) == ["low"]
    told = (tmp_path / "run" / "report.json").read_text()
    assert "is empty (0 bytes)" in told
    assert "is not a sound but text" in told
    assert "8 kHz" in told
