"""The settings of an expansion: their names, their range, and what they do in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fivefold.plumbing.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One change that can be made to data; its setting is a number, 0 or absent means off.

    Attributes:
        most: Largest setting.
        unit: What the setting counts.
        about: What it does, in a few words.
        of: The change that this one only says more of; "" for a change by itself.
    """

    most: float
    unit: str
    about: str
    of: str = ""


IMAGE_POLICIES: dict[str, Policy] = {
    "mirror": Policy(most=1, unit="on", about="left and right swapped"),
    "flip_vertical": Policy(most=1, unit="on", about="top and bottom swapped"),
    "shift": Policy(most=64, unit="pixels", about="moved, reflected at the border"),
    "crop": Policy(most=1, unit="of the area at least", about="a random part, resized"),
    "rotate": Policy(most=180, unit="degrees", about="turned about the centre"),
    "zoom": Policy(most=1, unit="of the size", about="larger or smaller"),
    "colour": Policy(most=1, unit="strength", about="brightness, contrast, saturation"),
    "rand": Policy(most=8, unit="operations", about="random operations"),
    "magnitude": Policy(
        most=1, unit="strength", about="strength of `rand` (0.5 when absent)", of="rand"
    ),
    "cutout": Policy(most=1, unit="of the side", about="a square painted over"),
    "mixup": Policy(most=8, unit="alpha", about="two pictures blended"),
    "cutmix": Policy(most=8, unit="alpha", about="a box of another picture"),
}

ARRAY_POLICIES: dict[str, Policy] = {
    "noise": Policy(most=1, unit="of the deviation", about="Gaussian noise on every number"),
    "mirror": Policy(most=1, unit="on", about="left and right swapped"),
    "flip_vertical": Policy(most=1, unit="on", about="top and bottom swapped"),
    "transpose": Policy(most=1, unit="on", about="rows and columns swapped"),
    "roll": Policy(most=1, unit="on", about="moved round: what leaves on one side comes back"),
    "negate": Policy(most=1, unit="on", about="high and low swapped"),
    "mixup": Policy(most=8, unit="alpha", about="two rows blended"),
}

SERIES_POLICIES: dict[str, Policy] = {
    "noise": Policy(most=1, unit="of the deviation", about="Gaussian noise on every number"),
    "crop": Policy(most=1, unit="of the length at least", about="a random part"),
    "speed": Policy(most=1, unit="of the speed", about="faster or slower"),
    "loudness": Policy(most=1, unit="strength", about="each channel stronger or weaker"),
    "level": Policy(most=1, unit="of the deviation", about="each channel higher or lower"),
    "warp": Policy(most=1, unit="strength", about="stronger and weaker in turn"),
    "drop": Policy(most=1, unit="of the channels", about="channels left out as missing"),
    "mixup": Policy(most=8, unit="alpha", about="two series blended"),
}

VIDEO_POLICIES: dict[str, Policy] = {
    "mirror": Policy(most=1, unit="on", about="left and right swapped, all along the clip"),
    "crop": Policy(most=1, unit="of the area at least", about="a random part, resized"),
    "colour": Policy(most=1, unit="strength", about="brightness, contrast, saturation"),
    "trim": Policy(most=1, unit="of the length at least", about="a random part of the clip"),
    "speed": Policy(most=1, unit="of the speed", about="faster or slower"),
    "mixup": Policy(most=8, unit="alpha", about="two clips blended"),
}


def check(settings: Mapping[str, float], policies: Mapping[str, Policy]) -> None:
    """Refuse settings that mean nothing.

    Raises:
        OptionError: A setting is unknown or out of its range.
    """
    for name, value in settings.items():
        if name not in policies:
            raise OptionError(
                found=f"expansion setting {name!r}",
                wanted=f"one of {', '.join(policies)}",
                hint="leave it out, or mend its spelling",
            )
        most = policies[name].most
        if not 0 <= value <= most:
            raise OptionError(
                found=f"expansion setting {name} = {value:g}",
                wanted=f"a number from 0 (off) to {most:g} ({policies[name].unit})",
                hint=f"{name}: {policies[name].about}",
            )
