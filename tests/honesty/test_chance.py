"""Labels without a meaning come out as chance, and planted copies of test rows reach the report."""

import json

import numpy as np
import PIL.Image

import fivefold
from fivefold import bundle
from fivefold.win_.judge import judge


def test_labels_without_a_meaning_come_out_as_chance(gathered, learn, tmp_path):
    made = gathered("clean", 120, 0)
    learned = learn(made.dataset, tmp_path / "train", steps=15)
    predictor = bundle.save(
        tmp_path / "bundle", made.dataset, learned.fleet, learned.ensemble, learned.folder
    )
    verdict = judge(made.dataset, learned.ensemble, made.vault, predictor, seed=0)
    assert len(verdict.content.targets) == 48
    score = verdict.systems["ensemble"].scores["accuracy"]
    assert score.low <= 0.5 <= score.high
    assert verdict.words.outcome == "chance"
    assert verdict.words.headline.startswith("No better than chance was shown")
    # Out of fold it is no better: nothing was selected that looked good by leaking.
    validation = 2 * np.sqrt(0.25 / len(made.dataset.targets))
    assert abs(learned.ensemble.score - 0.5) < 2 * validation


def test_the_same_pictures_with_a_meaning_are_learned(gathered, learn, tmp_path):
    made = gathered("clean", 120, 50)
    learned = learn(made.dataset, tmp_path / "train", steps=15)
    assert learned.ensemble.score > 0.8


def test_a_copy_of_a_test_row_is_set_aside_and_reported(tmp_path, monkeypatch):
    monkeypatch.setenv("FIVEFOLD_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(2)
    for part, count in (("train", 20), ("test", 8)):
        for number, name in enumerate("ab"):
            (tmp_path / "data" / part / name).mkdir(parents=True)
            for i in range(count):
                clouds = rng.integers(0, 190, (5, 5, 3), np.uint8)
                clouds[..., 2 * number] += 60
                picture = PIL.Image.fromarray(clouds).resize((48, 48), 3)
                picture.save(tmp_path / "data" / part / name / f"{i:03d}.png")
    leak = PIL.Image.open(tmp_path / "data" / "test" / "a" / "003.png")
    leak.save(tmp_path / "data" / "train" / "a" / "leak.jpg", quality=70)
    run = fivefold.win(tmp_path / "data", budget=1, nets=1, out=tmp_path / "run")
    report = json.loads(run.report.json.read_text())
    (pair,) = report["duplicates"]
    assert {pair["first"], pair["second"]} == {"train/a/leak.jpg", "test/a/003.png"}
    assert pair["across"]
    assert pair["action"].startswith("train/a/leak.jpg set aside from training")
    assert report["data"]["rows"] == 40
    assert report["data"]["vault_rows"] == 16
    assert report["data"]["listed"] == 57
    assert "leak.jpg" in run.report.html.read_text()
