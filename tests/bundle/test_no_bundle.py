"""A place without a bundle is one clear error, whatever it is called."""

import pytest

from fivefold.bundle import load
from fivefold.plumbing.errors import RunError


@pytest.mark.parametrize("name", ["nowhere", "a" * 300, "a/" * 3000])
def test_a_place_without_a_bundle_is_told(tmp_path, name):
    with pytest.raises(RunError, match="no bundle in"):
        load(tmp_path / name)
