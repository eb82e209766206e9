"""Sound files: what is read, how it is brought to one rate and length, and what is refused."""

from __future__ import annotations

import csv
import io
import struct

import numpy as np
import pytest

from fivefold.inputs.audio import PADDING, Audio, Sound
from fivefold.plumbing.errors import BadItem
from fivefold.testing import check_input_kind

soundfile = pytest.importorskip("soundfile")
KIND = Audio()


def tone(pitch: float = 440.0, seconds: float = 0.5, rate: int = 8000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * pitch * np.arange(round(seconds * rate)) / rate)


def packed(samples: np.ndarray, rate: int = 8000, form: str = "WAV", subtype=None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


FORMS = [
    ("WAV", "PCM_16"),
    ("WAV", "PCM_U8"),
    ("WAV", "PCM_24"),
    ("WAV", "FLOAT"),
    ("FLAC", "PCM_16"),
    ("OGG", "VORBIS"),
    ("MP3", "MPEG_LAYER_III"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
]


def test_it_conforms():
    good = [
        packed(tone(rate=rate), rate, form, sub) for form, sub in FORMS for rate in (8000, 16000)
    ]
    bad = [b"", b"RIFF", b"not a sound at all", good[0][:20], good[0][: len(good[0]) // 2]]
    check_input_kind(KIND, good, bad)


@pytest.mark.parametrize(("form", "subtype"), FORMS)
def test_a_tone_is_the_same_tone_in_any_format(form: str, subtype: str):
    samples = tone(seconds=1.0, rate=16000)
    opened = KIND.open(packed(samples, 16000, form, subtype))
    assert isinstance(opened, Sound)
    assert opened.rate == 16000
    assert opened.dtype == np.float32
    power = np.abs(np.fft.rfft(opened, 16000))
    assert power.argmax() == 440
    assert np.abs(opened).max() == pytest.approx(0.5, abs=0.05)


def test_the_recogniser_goes_by_bytes_not_by_names():
    assert KIND.recognise("song.jpg", packed(tone())[:64])
    assert not KIND.recognise("song.wav", b"RIFF\0\0\0\0AVI LIST")  # a clip in the same container
    assert not KIND.recognise("song.mp3", "text".encode("utf-16"))  # FF FE, as an MPEG frame
    assert not KIND.recognise("song.ogg", b"OggS" + bytes(24) + b"\x80theora")
    assert not KIND.recognise("song.wav", b"")


def test_channels_are_averaged():
    left, right = tone(300), tone(700)
    opened = KIND.open(packed(np.stack([left, right], 1)))
    assert opened.shape == left.shape
    assert np.allclose(opened, (left + right) / 2, atol=1e-3)


def test_the_rate_is_the_commonest_and_at_most_16_kilohertz():
    at = {rate: KIND.open(packed(tone(rate=rate), rate)) for rate in (8000, 22050, 44100)}
    assert KIND.learn([at[8000], at[8000], at[44100]])["rate"] == 8000
    assert KIND.learn([at[44100], at[44100], at[8000]])["rate"] == 16000
    assert KIND.learn([at[22050]])["rate"] == 16000


def test_resampling_keeps_pitch_and_duration():
    shape = {"item_shape": [8000], "dtype": "int16", "rate": 8000}
    for rate in (11025, 16000, 44100):
        fitted = KIND.fit(KIND.open(packed(tone(500, 1.0, rate), rate)), shape)
        assert (fitted != PADDING).sum() == pytest.approx(8000, abs=2)
        assert np.abs(np.fft.rfft(np.where(fitted == PADDING, 0, fitted))).argmax() == 500


def test_the_length_holds_nearly_all_and_is_capped():
    clips = [KIND.open(packed(tone(seconds=0.5))) for _ in range(99)]
    shape = KIND.learn([*clips, KIND.open(packed(tone(seconds=20)))])
    assert shape == {"item_shape": [4000], "dtype": "int16", "rate": 8000}
    shape = Audio(max_seconds=2.0).learn([KIND.open(packed(tone(seconds=5)))])
    assert shape["item_shape"] == [16000]


def test_short_clips_are_padded_and_of_long_ones_the_loudest_part_is_kept():
    shape = {"item_shape": [4000], "dtype": "int16", "rate": 8000}
    short = KIND.fit(KIND.open(packed(tone(seconds=0.25))), shape)
    assert (short[:2000] != PADDING).all()
    assert (short[2000:] == PADDING).all()
    quiet = 0.01 * tone(seconds=2.0)
    quiet[9000:12000] = tone(seconds=0.375)
    kept = KIND.fit(KIND.open(packed(quiet)), shape)
    assert np.abs(kept.astype(int)).sum() == pytest.approx(3000 * 32767 / np.pi, rel=0.05)


def test_no_sample_is_taken_for_padding():
    square = np.sign(tone())  # full scale, whose lowest 16-bit value is the padding's
    item = KIND.open(packed(square))
    fitted = KIND.fit(item, KIND.learn([item]))
    assert (fitted != PADDING).all()
    assert fitted.min() == -32767


def test_floats_beyond_full_scale_are_scaled_down_and_silence_is_kept():
    loud = KIND.open(packed(40 * tone(), subtype="FLOAT"))
    assert np.abs(loud).max() == pytest.approx(1.0)
    silent = KIND.open(packed(np.zeros(800)))
    assert not KIND.fit(silent, KIND.learn([silent])).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float):
    samples = tone()
    samples[17] = value
    with pytest.raises(BadItem, match="not finite"):
        KIND.open(packed(samples, subtype="FLOAT"))


def test_every_refusal_says_why():
    whole = packed(tone())
    for raw, why in [
        (b"", "is empty"),
        (packed(np.zeros(0)), "holds no sound"),
        (packed(tone(seconds=0.005)), "lasts 5 ms"),
        (whole[: len(whole) // 2], "is cut off"),
        (packed(tone(), form="AIFF")[:3000], "is cut off"),
        (packed(tone(seconds=20), form="FLAC")[:9000], "is cut off|is damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is not a sound"),
        (packed(tone(rate=400), 400), "states 400 samples a second"),
    ]:
        with pytest.raises(BadItem, match=why):
            KIND.open(raw)
    with pytest.raises(BadItem, match="3 channels, above 2"):
        Audio(max_channels=2).open(packed(np.zeros((800, 3))))
    with pytest.raises(BadItem, match="longer than 1,000 samples"):
        Audio(max_frames=1000).open(whole)


def test_headers_that_promise_the_moon_cost_neither_time_nor_memory():
    whole = bytearray(packed(tone()))
    at = whole.index(b"data") + 4
    whole[at : at + 4] = struct.pack("<I", 0x7FFFFFF0)
    assert len(KIND.open(bytes(whole))) == 4000  # as programs write that stream: size unknown
    whole[4:8] = struct.pack("<I", 0x70000000)
    with pytest.raises(BadItem, match="is cut off"):
        KIND.open(bytes(whole))
    whole[24:28] = struct.pack("<I", 0x7FFFFFFF)
    with pytest.raises(BadItem, match="samples a second"):
        KIND.open(bytes(whole))


def test_samples_from_python():
    shape = KIND.learn([KIND.take(np.zeros(16000), None)])
    assert shape == {"item_shape": [16000], "dtype": "int16", "rate": 16000}
    whole = KIND.take(np.full(16000, -32767, np.int16), None)
    assert (KIND.fit(whole, shape) == -32767).all()
    with pytest.raises(BadItem, match="not one row of samples"):
        KIND.take(np.zeros((2, 2)), None)
    with pytest.raises(BadItem, match="not finite"):
        KIND.take(np.array([0.0, np.nan]), None)


def test_a_clip_is_shown_by_its_spectrogram():
    item = KIND.open(packed(np.concatenate([tone(300, 0.5), tone(3000, 0.5)])))
    shape = KIND.learn([item])
    picture = KIND.show(KIND.fit(item, shape), shape)
    assert picture.dtype == np.uint8
    assert picture.ndim == 3
    assert picture.shape[2] == 1
    early, late = picture[:, 20, 0].argmax(), picture[:, -20, 0].argmax()
    assert late < early  # pitch upwards
    for odd in (np.zeros(8000), np.full(8000, PADDING), np.ones(5)):
        assert isinstance(KIND.show(odd.astype(np.int16), shape), np.ndarray)


# What the catalogue of odd files holds -> None where it is usable, else the reason.
ODD = {
    "8k-4ch-1s-silence.aif": None,
    "silence-2s-PCM-16000-08-notags.wav": None,
    "empty.ogg": None,  # four seconds of silence
    "bad-xing.mp3": "is cut off: 4,608 samples are there of 18,078 promised",
    "crash-24728523ef4be15c838293b676f6853e73723bf4.wav": "is damaged (WAV: ",
    "oom-48ae4cd061ff8578ad3f23dc87624bd365cf5216.wav": "is damaged (WAV: ",
    "emptyfile.mp3": "is empty (0 bytes)",
    "nonstandard-01.wav": "lasts 0.021 ms",
    "waveformatextensible-24bit-192kHz-mono.wav": "lasts 0.021 ms",
    "ooming-header.flac": "is damaged (FLAC: ",
    "too-short.mp3": "is damaged (MP3: no sound can be decoded)",
}


def test_odd_files(shared_data):
    folder = shared_data / "bad_inputs"
    with (folder / "contents.csv").open(newline="") as file:
        listed = {row[0].partition("/")[2]: row for row in csv.reader(file) if "audio/" in row[0]}
    assert set(listed) == set(ODD)
    for name, why in ODD.items():
        raw = (folder / "audio" / name).read_bytes()
        if why is None:
            item = KIND.open(raw)
            assert KIND.fit(item, KIND.learn([item])).dtype == np.int16, name
        else:
            with pytest.raises(BadItem) as refused:
                KIND.open(raw)
            assert str(refused.value).startswith(why), name
