"""Only types on the list are read from a file."""

import json
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

from fivefold.plumbing.errors import RunError
from fivefold.traditional.classifiers import CLASSIFIERS, fit, logits
from fivefold.traditional.saving import load_model, save_model


def data(k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((90, 12), np.float32), np.arange(90) % k  # as of counts, none is negative


@pytest.mark.parametrize("k", [1, 2, 4])
@pytest.mark.parametrize("word", CLASSIFIERS)
def test_every_classifier_is_saved_and_read_back_whole(word, k, tmp_path):
    features, targets = data(k)
    model = fit(CLASSIFIERS[word], features, targets, classes=4, seed=0)
    assert save_model(model, tmp_path / "m.skops") > 0
    again = load_model(tmp_path / "m.skops")
    assert np.array_equal(logits(again, features), logits(model, features))
    assert again.classes_.tolist() == list(range(k))


@pytest.mark.parametrize(
    "stranger",
    [
        make_pipeline(GaussianNB()),
        make_pipeline(FunctionTransformer(np.exp), SVC()),
        make_pipeline(FunctionTransformer(zipfile.ZipFile), SVC()),
    ],
    ids=["an estimator of others", "a function skops trusts", "a function nobody trusts"],
)
def test_a_type_off_the_list_is_refused(stranger, tmp_path):
    skops.io.dump(stranger, tmp_path / "m.skops")
    with pytest.raises(RunError, match=r"holds type .*, not on the list"):
        load_model(tmp_path / "m.skops")


def test_a_listed_type_with_another_loader_is_refused(tmp_path):
    file = tmp_path / "m.skops"
    node = {"__class__": "Pipeline", "__module__": "sklearn.pipeline"}
    schema = {**node, "__loader__": "MethodNode", "content": {}, "protocol": 2}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    with pytest.raises(RunError, match="MethodNode"):
        load_model(file)


def test_what_is_no_pipeline_is_refused(tmp_path):
    skops.io.dump(SVC(), tmp_path / "m.skops")
    with pytest.raises(RunError, match="where a pipeline belongs"):
        load_model(tmp_path / "m.skops")


@pytest.mark.parametrize("content", [None, b"", b"not a zip file"])
def test_a_missing_or_damaged_file_is_one_clear_error(content, tmp_path):
    file = tmp_path / "m.skops"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RunError, match=r"m\.skops"):
        load_model(file)
