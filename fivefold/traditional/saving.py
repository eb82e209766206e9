"""Fitted pipelines on disk: skops files, read only when every type in them is on a list."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import skops.io
from sklearn.pipeline import Pipeline

from fivefold.plumbing.errors import RunError
from fivefold.plumbing.files import atomic, printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HGB = "sklearn.ensemble._hist_gradient_boosting"

# Everything our own classifiers are made of, by place and by the skops loader that builds it.
# skops would by itself trust far more; a file from a stranger gets no more than this.
TRUSTED: frozenset[tuple[str, str]] = frozenset(
    {
        ("builtins.dict", "DictNode"),
        ("builtins.list", "ListNode"),
        ("builtins.int", "TypeNode"),
        ("builtins.slice", "SliceNode"),
        ("builtins.str", "JsonNode"),
        ("builtins.str", "TypeNode"),
        ("builtins.tuple", "TupleNode"),
        # Boosting with categories keeps a checker of its input: a function bound to arguments. No
        # function but that one is on the list, and what else a partial could call builds things.
        ("functools.partial", "PartialNode"),
        ("sklearn.utils.validation.check_array", "FunctionNode"),
        ("fivefold.traditional.ratios.RatioSVC", "ObjectNode"),
        ("numpy.bool", "NdArrayNode"),
        ("numpy.float32", "NdArrayNode"),
        ("numpy.float64", "NdArrayNode"),
        ("numpy.float64", "TypeNode"),
        ("numpy.int32", "NdArrayNode"),
        ("numpy.int64", "NdArrayNode"),
        ("numpy.ndarray", "NdArrayNode"),
        ("numpy.uint32", "NdArrayNode"),
        ("numpy.uint64", "NdArrayNode"),
        ("numpy.random._generator.Generator", "RandomGeneratorNode"),
        ("sklearn._loss._loss.CyHalfBinomialLoss", "LossNode"),
        ("sklearn._loss._loss.CyHalfMultinomialLoss", "LossNode"),
        ("sklearn._loss._loss.CyHalfSquaredError", "LossNode"),
        ("sklearn._loss.link.IdentityLink", "ObjectNode"),
        ("sklearn._loss.link.Interval", "ObjectNode"),
        ("sklearn._loss.link.LogitLink", "ObjectNode"),
        ("sklearn._loss.link.MultinomialLogit", "ObjectNode"),
        ("sklearn._loss.loss.HalfBinomialLoss", "ObjectNode"),
        ("sklearn._loss.loss.HalfMultinomialLoss", "ObjectNode"),
        ("sklearn._loss.loss.HalfSquaredError", "ObjectNode"),
        ("sklearn.compose._column_transformer.ColumnTransformer", "ObjectNode"),
        ("sklearn.decomposition._pca.PCA", "ObjectNode"),
        ("sklearn.dummy.DummyClassifier", "ObjectNode"),
        ("sklearn.ensemble._forest.ExtraTreesClassifier", "ObjectNode"),
        ("sklearn.ensemble._forest.ExtraTreesRegressor", "ObjectNode"),
        ("sklearn.ensemble._forest.RandomForestClassifier", "ObjectNode"),
        (f"{_HGB}.binning._BinMapper", "ObjectNode"),
        (f"{_HGB}.gradient_boosting.HistGradientBoostingClassifier", "ObjectNode"),
        (f"{_HGB}.gradient_boosting.HistGradientBoostingRegressor", "ObjectNode"),
        (f"{_HGB}.predictor.TreePredictor", "ObjectNode"),
        ("sklearn.linear_model._logistic.LogisticRegression", "ObjectNode"),
        ("sklearn.linear_model._ridge.Ridge", "ObjectNode"),
        ("sklearn.linear_model._ridge.RidgeCV", "ObjectNode"),
        ("sklearn.linear_model._stochastic_gradient.SGDClassifier", "ObjectNode"),
        ("sklearn.multiclass.OneVsRestClassifier", "ObjectNode"),
        ("sklearn.multiclass._ConstantPredictor", "ObjectNode"),
        ("sklearn.multioutput.MultiOutputRegressor", "ObjectNode"),
        ("sklearn.naive_bayes.ComplementNB", "ObjectNode"),
        ("sklearn.pipeline.Pipeline", "ObjectNode"),
        ("sklearn.preprocessing._encoders.OrdinalEncoder", "ObjectNode"),
        ("sklearn.preprocessing._function_transformer.FunctionTransformer", "ObjectNode"),
        ("sklearn.preprocessing._label.LabelBinarizer", "ObjectNode"),
        ("sklearn.tree._classes.ExtraTreeRegressor", "ObjectNode"),
        ("sklearn.preprocessing._label.LabelEncoder", "ObjectNode"),
        ("sklearn.svm._classes.LinearSVC", "ObjectNode"),
        ("sklearn.svm._classes.SVC", "ObjectNode"),
        ("sklearn.tree._classes.DecisionTreeClassifier", "ObjectNode"),
        ("sklearn.tree._classes.ExtraTreeClassifier", "ObjectNode"),
        ("sklearn.tree._tree.Tree", "TreeNode"),
    }
)


def save_model(model: Pipeline, file: Path) -> int:
    """Write a fitted pipeline; give back roughly how many numbers it holds.

    Raises:
        OSError: The disk is full or the folder cannot be written.
    """
    with atomic(file) as temporary:
        skops.io.dump(model, temporary)
    with zipfile.ZipFile(file) as archive:
        arrays = (item for item in archive.infolist() if item.filename.endswith(".npy"))
        return sum(item.file_size // 8 for item in arrays)


def load_model(file: Path) -> Pipeline:
    """Read a pipeline that `save_model` wrote.

    Raises:
        RunError: The file is not there, is not such a file, or holds a type off the list.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            schema = json.loads(archive.read("schema.json"))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as cause:
        raise RunError(
            found=f"{printable(str(file))}: {cause}",
            wanted="a traditional model as fivefold saves it",
            hint="copy the run folder again, or train anew",
        ) from cause
    for place, loader in _types(schema):
        if (place, loader) not in TRUSTED:
            _refuse(file, f"holds type {place} (read by {loader}), not on the list")
    # Tree, TreePredictor and our own RatioSVC are those on the list that are not on skops' own.
    model = skops.io.load(file, trusted=sorted({place for place, _ in TRUSTED}))
    if not isinstance(model, Pipeline):
        _refuse(file, f"holds type {type(model).__name__} where a pipeline belongs")
    return model


def _refuse(file: Path, why: str) -> None:
    raise RunError(
        found=f"{printable(str(file))}: file {why}",
        wanted="only types that fivefold itself saves",
        hint="do not use this file unless you trust where it came from; train anew",
    )


def _types(node: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - any JSON value
    """(place, loader) of every object described anywhere in a skops schema."""
    if isinstance(node, dict):
        if "__loader__" in node:
            yield f"{node.get('__module__')}.{node.get('__class__')}", str(node["__loader__"])
        for value in node.values():
            yield from _types(value)
    elif isinstance(node, list):
        for value in node:
            yield from _types(value)
