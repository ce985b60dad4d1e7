"""Finds the name of the file that another file is a copy of, by the copy's own name."""

import os
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

_MAX_NAME_CHARS = 512
"""Maximum characters of a name that is judged; file systems hold 255."""
_MAX_ROUNDS = 4
"""Maximum endings and beginnings taken off one name; ``.#x.bak~`` has three."""
_MAX_ORIGINALS = 24
"""Number of originals of one name after which no more are looked for."""

_ENDINGS = (
    "backup|back|bak|bck|bkp|bk|broken|clear|cleartext|copy|crswap|dec|decrypted|deleted|disabled|"
    "dpkg-[a-z]+|edit|edited|ini-old|kate-swp|last|lock|local|base|mine|new|off|old|ori|orig|original|"
    "ours|pacnew|pacorig|pacsave|plain|plaintext|prev|previous|rej|remote|rpm[a-z]+|sav|save|"
    "saved|swp|temp|theirs|tmp|ucf-[a-z]+|unencrypted|vsctmp|yours"
)
_SUFFIX = re.compile(
    rf"""(?:
    ~                                           # Emacs, Vim, nano
    | \.~[^~/]{{1,80}}~                         # Emacs: numbered, or of a revision
    | \.un~ | \.s[a-w][a-z]                     # Vim: undo, swap
    | [._-](?:{_ENDINGS})(?:[._-]?\d{{1,14}})?
    | [._-](?:BACKUP|BASE|LOCAL|REMOTE)[._]\d{{1,9}}    # git mergetool
    | [._-]r?\d{{1,14}}                         # logrotate, Subversion, a time
    | [._-]\d{{4}}-\d\d-\d\d(?:[T_.-][\d.:_-]{{1,12}})?
    | \.tmp\.[\w.-]{{1,40}}
    | ___jb_(?:tmp|old|bak)___                  # JetBrains
    | \.sb-[0-9a-f]{{8}}-\w{{6}}                # macOS
    | \#\#[^/]{{1,80}}                          # yadm
    | \.tmpl                                    # chezmoi
    | \#                                        # Emacs, with one at the start
    | [. ]{{1,8}}                               # dropped by Windows
    | :[\w\ .-]{{0,80}}(?::\$data)?              # Windows: a stream of the file
    | -                                         # /etc/shadow-
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_COPY = r"copy|kopie|kopia|kopi|copie|copia|cópia|копия|副本|拷贝|コピー|복사본"
_BEFORE_SUFFIX = re.compile(
    rf"""(?:
    \ ?(?:-\ ?|–\ ?|_|的|の)?(?:{_COPY})(?:\ ?\(?\d{{1,3}}\)?)?
    | \ ?\([^()]{{0,60}}(?:{_COPY}|conflict|konflikt)[^()]{{0,60}}\)
    | \ ?\(\d{{1,3}}\) | \ \d{{1,3}} | [-_]\d{{1,8}}
    | [._-]\d{{4}}-\d\d-\d\d
    | \.sync-conflict-[\w-]{{1,40}}             # Syncthing
    | [._-](?:{_ENDINGS}|conflict|checkpoint)(?:[._-]?\d{{1,14}})?
    | [._](?:BACKUP|BASE|LOCAL|REMOTE)[._]\d{{1,9}}
    )(?P<suffix>\.[a-z0-9]{{1,12}})?$""",
    re.VERBOSE | re.IGNORECASE,
)
_PREFIX = re.compile(
    rf"""(?:
    \.\#|\.~lock\.|~\$|\._|\#|%|~               # Emacs, LibreOffice, Office, macOS
    | (?:{_COPY})\ ?(?:\(\d{{1,3}}\)\ )?(?:of|von|de|di|av)[ ]
    | (?:old|backup|bak|bkp|copy|copy[_-]of)[._-]
    | (?:encrypted_|private_|readonly_|exact_|create_|modify_|executable_|empty_)+(?=[^_]) # chezmoi
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_HIDDEN_COPY = re.compile(r"\.(?:s[a-w][a-z]|un~|kate-swp|tmp|crswap)$", re.IGNORECASE)
_RSYNC = re.compile(r"\.(?P<name>.+)\.[A-Za-z0-9]{6}")
# A whole path in one name: Vim's and micro's %, Emacs's and nano's !.
_PATH = re.compile(r"(?:[A-Za-z][:%!]|!drive_[a-z])?([%!])[^/]*\1[^/]+")

# Folders for temporary files, in lower case; ``*`` is one part.
_TEMPORARY = tuple(
    tuple(each.split("/"))
    for each in (
        "tmp",
        "var/tmp",
        "dev/shm",
        "run/user/*",
        "private/tmp",
        "private/var/tmp",
        "var/folders/*/*/t",
        "private/var/folders/*/*/t",
        "data/data/com.termux/files/usr/tmp",
        "users/*/appdata/local/temp",
        "windows/temp",
        "c:/users/*/appdata/local/temp",
    )
)
_DIGITS = re.compile(r"\d{5,12}")
# sudoedit and git put random letters and digits before or behind a name, Ruby a time as well.
_BY_CHANCE = re.compile(r"(?=[^.]*[A-Z0-9])[A-Za-z0-9]+")
_RUBY = re.compile(r"(?:^|(?<=\D))\d{8}-\d{1,8}-[0-9a-z]{4,8}-?|^\d{1,8}[.-]")
_RAILS = re.compile(r"\d{8}-\d{1,8}-[0-9a-z]{4,8}-|\d{1,8}\.")


def find_originals(name: str) -> tuple[str, ...]:
    """Return the names that *name* may be a copy of, without *name* itself."""
    return _find_originals(name) if len(name) <= _MAX_NAME_CHARS else ()


@lru_cache(4096)
def _find_originals(name: str) -> tuple[str, ...]:
    found: dict[str, None] = {name: None}
    newest = [name]
    for _ in range(_MAX_ROUNDS):
        newest = [
            each for old in newest for each in _strip_one_affix(old) if each and each not in found
        ]
        found.update(dict.fromkeys(newest))
        if not newest or len(found) > _MAX_ORIGINALS:
            break
    return tuple(found)[1:]


def find_original_path(name: str) -> tuple[str, ...]:
    """Return the parts of the path that *name* holds, as in ``%home%u%.ssh%config``; or none."""
    # Begin with the name that has the fewest endings left.
    for each in reversed((name, *find_originals(name))):
        if len(each) <= _MAX_NAME_CHARS and (found := _PATH.fullmatch(each)):
            return tuple(part for part in each.split(found[1]) if part)
    return ()


def is_temporary(folders: Sequence[str]) -> bool:
    """Return whether *folders*, the parts of a path, lead to a folder for temporary files."""
    return tuple(folders) in _own_temporary_folders() or any(
        len(each) == len(folders)
        and all(wanted in ("*", part.lower()) for wanted, part in zip(each, folders, strict=True))
        for each in _TEMPORARY
    )


@cache
def _own_temporary_folders() -> frozenset[tuple[str, ...]]:
    """Return the parts of each folder for temporary files that the environment names.

    An editor started by a tool such as ``nix develop`` has the tool's environment, and the server
    inherits it.
    """
    named = [os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")]
    paths = [path for each in named if each for path in (each, os.path.realpath(each))]
    found = (tuple(part for part in re.split(r"[/\\]", path) if part) for path in paths)
    return frozenset(filter(None, found))


def is_decrypted_by_rails(name: str) -> bool:
    """Return whether Rails gives such names to decrypted files: time and number, or a number."""
    return _RAILS.match(name) is not None


def is_decrypted_by_sops(folders: Sequence[str]) -> bool:
    """Return whether *folders* lead to one that sops makes: digits alone, in a temporary folder."""
    return (
        bool(folders) and _DIGITS.fullmatch(folders[-1]) is not None and is_temporary(folders[:-1])
    )


def find_temporary_originals(name: str) -> Iterator[str]:
    """Yield the names of the files that a temporary file called *name* may be a copy of."""
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    ends = [(stem, dot + suffix)]
    if suffix:
        # An older sudoedit puts a dot before the random part, at the end of the whole name.
        ends.append((name, ""))
    for stem, ending in ends:
        for count in (6, 8, 10):
            if len(stem) > count and _BY_CHANCE.fullmatch(stem[-count:]):
                yield stem[:-count].rstrip(".-_") + ending
    if name[6:7] == "_" and _BY_CHANCE.fullmatch(name[:6]):
        yield name[7:]
    if (without := _RUBY.sub("", name)) != name:
        yield without


def _strip_one_affix(name: str) -> Iterator[str]:
    """Yield *name* without one ending or beginning, for each that it has."""
    if suffix := _SUFFIX.search(name):
        yield name[: suffix.start()]
        if _HIDDEN_COPY.search(name) and name.startswith("."):
            yield name[1 : suffix.start()]
    if (before := _BEFORE_SUFFIX.search(name)) and before.start():
        yield name[: before.start()] + (before["suffix"] or "")
    if prefix := _PREFIX.match(name):
        yield name[prefix.end() :]
    if rsync := _RSYNC.fullmatch(name):
        yield rsync["name"]
    if name.lower().startswith("dot_"):
        yield "." + name[4:]
