"""What the disk refuses is one clear line, with a hint that fits."""

import errno

import pytest

from fivefold.plumbing.errors import RunError
from fivefold.plumbing.run_folder import writing


@pytest.mark.parametrize(
    ("cause", "hint"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "run/a"),
            "give another place with --out",
        ),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "cache/a"), "same command"),
    ],
)
def test_a_refusal_of_the_disk_has_a_hint_that_fits(tmp_path, cause, hint):
    with pytest.raises(RunError) as error, writing(tmp_path):
        raise cause
    assert cause.filename in error.value.found
    assert hint in error.value.hint
