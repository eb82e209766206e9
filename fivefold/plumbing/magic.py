"""What the first bytes of a file say it is, whatever its name says."""

from __future__ import annotations

_PICTURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (8, b"WEBP", "WEBP"),
    *((0, b"P%d" % digit, "PPM") for digit in range(1, 7)),
    (0, b"\x01\xda", "SGI"),
    (0, b"\0\0\x01\0", "ICO"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftypavis", "AVIF"),
)
_SOUNDS: tuple[tuple[int, bytes, str], ...] = (
    (8, b"WAVE", "WAV"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (8, b"AIFF", "AIFF"),
    (8, b"AIFC", "AIFF"),
    (0, b"ID3", "MP3"),
    (0, b".snd", "AU"),
    (0, b"caff", "CAF"),
)
_CLIPS: tuple[tuple[int, bytes, str], ...] = (
    *((4, b"ftyp" + brand, "") for brand in (b"avi", b"hei", b"hev", b"mif1", b"msf1")),
    *((4, b"ftyp" + brand, "") for brand in (b"M4A ", b"M4B ", b"M4P ")),
    *((4, box, "MP4") for box in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")),
    (0, b"\x1aE\xdf\xa3", "Matroska"),
    (8, b"AVI ", "AVI"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"\0\0\x01\xba", "MPEG"),
    (0, b"\0\0\x01\xb3", "MPEG"),
    (0, b"FLV\x01", "FLV"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "WMV"),
)
_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "a zip archive"),
    (0, b"PK\x05\x06", "a zip archive"),
    (0, b"\x1f\x8b", "gzip data"),
    (0, b"BZh", "bzip2 data"),
    (0, b"\xfd7zXZ", "xz data"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"Rar!", "a rar archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (8, b"WAVE", "sound (WAV)"),
    (0, b"fLaC", "sound (FLAC)"),
    (0, b"OggS", "sound (Ogg)"),
    (0, b"ID3", "sound (MP3)"),
    (4, b"ftyphei", "a HEIC picture, which is not read"),
    (4, b"ftypmif1", "a HEIC picture, which is not read"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (0, b"PAR1", "a Parquet table"),
    (0, b"\x89HDF", "HDF5 data"),
    (0, b"\x93NUMPY", "a numpy array"),
)


def picture_format(head: bytes) -> str:
    """The picture format that a file begins like, for example `JPEG`; empty when none."""
    return _named(_PICTURES, head)


def sound_format(head: bytes) -> str:
    """The sound format that a file begins like, for example `WAV`; empty when none."""
    found = _named(_SOUNDS, head)
    if found == "Ogg" and b"theora" in head[:512]:
        return ""  # a video in the same container
    return found or ("MP3" if _is_mpeg_frame(head) else "")


def clip_format(head: bytes) -> str:
    """The container of moving pictures that a file begins like, `MP4` say; empty when none.

    An animated GIF begins like a still one; containers may hold nothing but sound.
    """
    if head[:4] == b"OggS":
        return "Ogg" if b"theora" in head[:512] else ""
    if head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G":
        return "MPEG-TS"
    return _named(_CLIPS, head)


def other_format(head: bytes) -> str:
    """What a file that is not of the kind looked for is, in words."""
    return _named(_OTHERS, head) or _plain(head[:512])


def _named(table: tuple[tuple[int, bytes, str], ...], head: bytes) -> str:
    return next((word for at, magic, word in table if head[at : at + len(magic)] == magic), "")


def _is_mpeg_frame(head: bytes) -> bool:
    """Whether bytes begin with the header of an MPEG sound frame, layer II or III.

    Eleven set bits alone would also fit text in UTF-16, which begins with FF FE.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate, rate = head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer in (1, 2) and 0 < bitrate < 15 and rate != 3


def _plain(head: bytes) -> str:
    if head.lstrip()[:5].lower() in (b"<!doc", b"<html"):
        return "a web page"
    if head.lstrip()[:4].lower() in (b"<svg", b"<?xm"):
        return "an SVG drawing or XML text"
    text = not any(byte < 9 or 13 < byte < 27 for byte in head)
    return "text" if text else "data of an unknown kind"
