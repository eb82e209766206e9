"""Step 3, expand: label-preserving changes of the data, on whole batches, on the device."""

from fivefold.step3_expand.choose import expand
from fivefold.step3_expand.sheet import preview_sheet

__all__ = ["expand", "preview_sheet"]
