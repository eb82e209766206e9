"""Several inputs in one row."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from fivefold.inputs.several import Several
from fivefold.plumbing.errors import BadItem
from fivefold.plumbing.parts import parts_of
from fivefold.testing import check_input_kind

KIND = Several()


def picture(grey, side=8):
    file = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), grey, np.uint8)).save(file, "PNG")
    return {"kind": "image", "base64": base64.b64encode(file.getvalue()).decode()}


def row(i, **parts):
    cells = {"kind": "table", "cells": {"a": i % 7, "b": "xyz"[i % 3]}}
    return json.dumps({"photo": picture(i), "facts": cells, **parts}).encode()


GOOD = [row(i) for i in range(20)]
BAD = [
    b"",
    b"[]",
    b'{"photo": null}',
    b'{"photo": 3}',
    b'{"photo": {"kind": "nonsense", "base64": "QQ=="}}',
    b'{"photo": {"kind": "image", "base64": "?"}}',
    b'{"photo": {"kind": "image", "base64": "QUJD"}}',
    b'{"photo": {"kind": "image", "pixels": [1]}}',
]


def learned():
    return json.loads(json.dumps(KIND.learn([KIND.open(raw) for raw in GOOD])))


def test_it_conforms():
    check_input_kind(KIND, GOOD, BAD)


def test_parts_lie_one_after_the_other():
    shape = learned()
    item = KIND.fit(KIND.open(row(5)), shape)
    facts, photo = parts_of(shape)
    assert (facts.name, photo.name) == ("facts", "photo")
    assert facts.items(item[None])[0, 0] == 5
    assert (photo.items(item[None]) == 5).all()
    assert np.array_equal(KIND.show(item, shape), photo.items(item[None])[0])


def test_a_missing_part_is_blank_and_a_bad_one_named():
    shape = learned()
    item = KIND.fit(
        KIND.open(row(5, photo=None, facts={"kind": "table", "cells": {"a": 2}})), shape
    )
    facts, photo = parts_of(shape)
    assert not photo.items(item[None]).any()
    assert np.isnan(facts.items(item[None])[0, 1])
    with pytest.raises(BadItem, match="facts: has no cell"):
        KIND.open(row(5, facts={"kind": "table", "cells": {"a": None}}))
    with pytest.raises(BadItem, match="facts: is image where the others have table"):
        KIND.fit(KIND.open(row(5, facts=picture(3))), shape)
    with pytest.raises(BadItem, match="none of the parts"):
        KIND.fit(KIND.open(json.dumps({"x": picture(1)}).encode()), shape)
