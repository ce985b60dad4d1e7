"""Spells the absolute name of a file in one way, by the rules of a given system.

The parameter *platform* of each function is a value of `sys.platform`.
"""

import re
import unicodedata

_DRIVE = re.compile(r"[/\\]?(?P<drive>[A-Za-z])[:|](?P<rest>[/\\].*|)", re.DOTALL)
_DEVICE = re.compile(r"[/\\]{2}[?.][/\\](?P<share>unc[/\\])?", re.IGNORECASE)
_SLASHES = re.compile(r"[/\\]+")


def is_absolute(name: str, platform: str) -> bool:
    """Return whether *name* begins at the root of a disk, or with a share on Windows."""
    if platform == "win32":
        return name.startswith(("/", "\\")) or _DRIVE.fullmatch(name) is not None
    return name.startswith("/")


def absolute_name(name: str, platform: str) -> str:
    """Return the absolute *name* in one spelling, without ``..``, ``.`` and ``//``."""
    if platform == "win32":
        return _to_windows_name(name)
    joined = "/" + "/".join(_remove_dots(name.split("/")))
    # Apple's file systems take both normal forms for one name; on Linux they are two files.
    return unicodedata.normalize("NFC", joined) if platform == "darwin" else joined


def spelling(name: str, platform: str) -> str:
    """Return one spelling for all names that the system takes for one, or that look the same."""
    composed = unicodedata.normalize("NFC", name)
    # Windows and macOS keep the case of a name and do not compare by it; git follows them there.
    return composed.lower() if platform in ("win32", "darwin") else composed


def _to_windows_name(name: str) -> str:
    share = ""
    if device := _DEVICE.match(name):
        name = name[device.end() :]
        name = f"//{name}" if device["share"] else name
    if drive := _DRIVE.fullmatch(name):
        root, name = drive["drive"].upper() + ":", drive["rest"]
    elif re.match(r"[/\\]{2}[^/\\]", name):
        host, _, name = _SLASHES.sub("/", name[2:]).partition("/")
        share, _, name = name.partition("/")
        root = f"\\\\{host}\\{share}" if share else f"\\\\{host}"
    else:
        root = ""
    # Windows drops dots and blanks at the end of a name, and takes the text behind a colon for the
    # name of a stream in the same file.
    parts = [
        each if each in (".", "..") else each.partition(":")[0].rstrip(". ")
        for each in _SLASHES.split(name)
    ]
    return root + "\\" + "\\".join(_remove_dots(parts))


def _remove_dots(parts: list[str]) -> list[str]:
    kept: list[str] = []
    for part in parts:
        if part == "..":
            kept = kept[:-1]
        elif part not in ("", "."):
            kept.append(part)
    return kept
