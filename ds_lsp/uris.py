"""Turns the uri of a document into the names by which the document is judged and shown."""

import binascii
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from ds_lsp.hosts import is_loopback
from ds_lsp.paths import absolute_name, is_absolute
from ds_lsp.schemes import ARCHIVES, ELSEWHERE, IN_REPOSITORY, NOTEBOOK, OF_THIS_DISK, WHOLE_FILE

_MAX_URI_CHARS = 32_768
"""Maximum characters in a uri: as in the longest path of Windows, and eight times Linux's."""
_MAX_DECODED = 3
"""Maximum times that a name is percent-decoded: some clients encode an encoded name."""
_MAX_NESTED = 2
"""Maximum depth of uris within uris, as in ``jar:file:`` and in the query of a comparison."""

_SCHEME = re.compile(r"([A-Za-z_][\w+.-]+):(.*)", re.DOTALL | re.ASCII)
"""A scheme has at least two letters, as ``c:`` is a drive. VS Code lets it begin with ``_``."""
_NAMELESS = re.compile(r"untitled[-_ ]?\d*(\.\w+)?", re.IGNORECASE)

_IN_ARCHIVE = re.compile(r"::|!/|(?<=\.zip)/|(?<=\.jar)/|(?<=\.tar)/|(?<=\.tgz)/|(?<=\.gz)/")
# Emacs: /ssh:user@host|sudo:host:/path
_TRAMP = re.compile(
    r"/(?P<hops>(?:[a-z][\w-]+:[^:|/]*\|)*)(?P<method>[a-z][\w-]+):"
    r"(?P<host>[^:|/\[]*(?:\[[^\]/]*\][^:|/]*)?):(?P<file>.*)",
    re.DOTALL,
)
_TRAMP_OF_THIS_DISK = frozenset({"doas", "ksu", "run0", "sg", "su", "sudo", "sudoedit"})
"""Methods for another user of this machine: without a hop before it, the host is this machine."""
_QUOTED = re.compile(r"/:(?=/)")
"""Emacs's mark before a name in which no character is special."""

# The code of one language in a document of another, shown as a file beside it (otter.nvim), or in a
# tree of its own (JupyterLab).
_EMBEDDED = re.compile(r"\.(?:otter|tmp)\.[A-Za-z]\w{0,7}$|(?<=[/\\])\.virtual_documents[/\\]")

# Keys in a query or an authority: of the file that is shown, and of the folder it is relative to.
_FILE_KEY = re.compile(r".*(path|file|fileName|uri|resource)", re.IGNORECASE)
_FOLDER_KEY = re.compile(r"(repo|root|workspace|base)(path|root|folder|uri)?", re.IGNORECASE)

_GIT_FOLDER = re.compile(
    r"(?P<tree>.*?)/\.git(?:/modules/(?P<module>.+?)(?=//|/:)|/worktrees/[^/]+)?/+(?P<rest>.*)",
    re.DOTALL,
)

_REVISION = re.compile(r"(?:(?<!/)/++| )(?::\d:|\d(?=/)|[0-9a-f]{7,64}|HEAD)[:/]+(?=[^/:])")


# Named tuples instead of frozen dataclasses: the early answer to `initialize` uses this module for
# the workspace's folder, and cannot wait for dataclasses to be imported.
class DocumentName(NamedTuple):
    """The names of one document, read from its uri without access to the disk."""

    path: str | None = None
    """The file on this disk that is shown, absolute, in one spelling; None for any other text."""
    is_file: bool = False
    """True if the document is that file itself, and not a part or another version of it."""
    paths: tuple[str, ...] = ()
    """All files on this disk that the uri may mean, `path` among them; each must be judged."""
    names: tuple[str, ...] = ()
    """Names of texts elsewhere or in an archive. A relative name may also be a file on this disk,
    in a workspace folder."""
    title: str = ""
    """The last part of the name that is shown; empty for a document without a name."""
    cell: str = ""
    """The id of the notebook cell that is shown; empty if the document is no cell."""
    unresolvable: str | None = None
    """The reason why the uri does not say which file it names, or None."""


class _Uri(NamedTuple):
    """The parts of a uri, none of them decoded."""

    scheme: str
    authority: str
    path: str
    query: str
    fragment: str

    @property
    def is_of_this_machine(self) -> bool:
        host = self.authority.rpartition("@")[2]
        host = host.partition("]")[0].strip("[") if "[" in host else host.partition(":")[0]
        return not self.authority or is_loopback(host)

    def spellings(self) -> list[str]:
        """Return the decoded paths that the uri may mean, the likeliest first.

        Clients leave ``#`` and ``?`` in a path unencoded, so that the query and the fragment may
        be parts of the path; a fragment has no dots.
        """
        rest = (f"?{self.query}" if self.query else "") + (
            f"#{self.fragment}" if self.fragment else ""
        )
        both = [self.path, self.path + rest]
        if self.scheme in WHOLE_FILE and re.search(r"[./]", rest):
            both.reverse()
        if self.scheme in OF_THIS_DISK:
            # VS Code appends ".git" to a version's name, so that no linter reads it.
            both.append(self.path.removesuffix(".git").removesuffix(".diff"))
        if self.query and self.fragment:
            both.append(f"{self.path}?{self.query}")
        return [each for text in dict.fromkeys(both) for each in _decode(text)]


@lru_cache(64)
def document_name(uri: str, platform: str = sys.platform) -> DocumentName:
    """Return the names that *uri* gives its document on a system like `sys.platform`."""
    if len(uri) > _MAX_URI_CHARS:
        return DocumentName(unresolvable="the document's uri is longer than any file's name")
    return _name_uri(uri.strip(), platform, _MAX_NESTED)


def to_path(uri: str) -> Path | None:
    """Return the file that *uri* names; None for a part or a version of one, or another text."""
    name = document_name(uri)
    return Path(name.path) if name.path and name.is_file else None


def shown_file(uri: str) -> Path | None:
    """Return the file of which the document at *uri* shows the text, a part or a version."""
    name = document_name(uri)
    path = Path(name.path) if name.path else None
    # The title differs for a member of an archive, which is another file.
    return path if path and path.name == name.title else None


def name_within(uri: str, folders: Iterable[Path]) -> str:
    """Return the name of a document for the model: its path within *folders*, or its last part.

    Empty for a document without a name.
    """
    name = document_name(uri)
    title = f"{name.title}#{name.cell}" if name.cell else name.title
    path = shown_file(uri)
    for folder in folders:
        if path and folder in path.parents:
            return path.with_name(title).relative_to(folder).as_posix()
    return title


def canonical_uri(uri: str) -> str:
    """Return the same uri for all uris of one file; a uri that names no file is not changed."""
    path = to_path(uri)
    return path.as_uri() if path and path.is_absolute() else uri


def _name_uri(uri: str, platform: str, nested: int) -> DocumentName:
    found = _SCHEME.fullmatch(uri)
    if not found:
        return _name_on_disk([uri, *_decode(uri), *_decode(re.split("[?#]", uri)[0])], platform)
    parts = _split_uri(found[1].lower(), found[2])
    # There are four cases: 1. a member of an archive; 2. a file in a repository; 3. a text
    # elsewhere; 4. a file on this disk, or any text of an unknown scheme without an authority.
    if parts.scheme in ARCHIVES:
        return _name_in_archive(found[2], platform, nested)
    if parts.scheme in IN_REPOSITORY:
        return _name_in_repository(parts, platform)
    if parts.is_of_this_machine and parts.scheme not in ("http", "https"):
        is_elsewhere = parts.scheme in ELSEWHERE and not parts.authority
    else:
        is_elsewhere = not (
            parts.scheme in WHOLE_FILE | OF_THIS_DISK or parts.scheme.startswith(NOTEBOOK)
        )
    if is_elsewhere:
        name = _name_elsewhere(parts)
        if parts.scheme not in ELSEWHERE:
            # The authority may be no host but a constant, as in ``vscode-file://vscode-app/``.
            name = _judge_also_as(name, _name_on_disk(parts.spellings(), platform))
    elif parts.scheme == "file" and parts.authority and platform == "win32":
        shares = ["//" + unquote(parts.authority) + each for each in parts.spellings()]
        name = _name_on_disk(
            shares if not parts.is_of_this_machine else parts.spellings(), platform
        )
    else:
        name = _name_on_disk(parts.spellings(), platform)
        if not parts.is_of_this_machine:
            name = _join([name, _name_elsewhere(parts)])
    if parts.scheme == "git-graph":
        # Its path holds at most the suffix of the file.
        name = DocumentName()
    name = _join([*_name_by_query(parts, platform, nested), name])
    if parts.scheme == "git-graph" and not name.paths and not name.names:
        return DocumentName(unresolvable="its uri does not say which file it shows")
    # The fragment W1sZmlsZQ== is the id of the second cell and, after "s", the scheme of the
    # notebook in base64.
    found = re.match(r"[A-Za-rt-z0-9]*", parts.fragment)
    cell = found[0] if found and parts.scheme.startswith(NOTEBOOK) else ""
    return name._replace(is_file=name.is_file and parts.scheme in WHOLE_FILE, cell=cell)


def _split_uri(scheme: str, rest: str) -> _Uri:
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, path = "", rest
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        path = slash + path
        if "%2f" in authority.lower():
            # The client has encoded all of the path, with its first slash.
            authority, path = "", authority + path
    return _Uri(scheme, authority, path, query, fragment)


def _decode(text: str) -> Iterator[str]:
    """Yield *text* percent-decoded once, then again while that changes it."""
    for _ in range(_MAX_DECODED):
        # A name that is not UTF-8 keeps its bytes, as the file has these bytes for a name.
        again = unquote(text, errors="surrogateescape")
        yield again
        if again == text or "%" not in again:
            return
        text = again


def _name_on_disk(spellings: Iterable[str], platform: str) -> DocumentName:
    """Name a file on this disk by the spellings of its path, the likeliest first."""
    names: list[DocumentName] = []
    for spelled in dict.fromkeys(spellings):
        each = _QUOTED.sub("", spelled, count=1)
        if tramp := _TRAMP.fullmatch(each):
            return _join([_name_tramp(tramp, platform), *names])
        if is_absolute(each, platform):
            names.append(_name_absolute(each, platform))
        elif each and not _NAMELESS.fullmatch(each):
            names.append(_name_off_disk(each.replace("\\", "/")))
    return _join(names)


def _name_off_disk(*names: str) -> DocumentName:
    """Name a text that is not on this disk; the first name is shown."""
    return DocumentName(names=names, title=names[0].rstrip("/").rpartition("/")[2])


def _name_absolute(name: str, platform: str) -> DocumentName:
    path = absolute_name(name, platform)
    if not path.strip("/\\"):
        return DocumentName()
    paths = [path]
    if ".." in name and platform != "win32":
        # With a link before the dots, the system and an editor may find different files.
        paths.append(name)
    names = [name.replace("\\", "/")] if "\\" in name and platform != "win32" else []
    if (whole := _EMBEDDED.sub("", path)) != path:
        paths.append(whole)
    title = path.rpartition("\\" if platform == "win32" else "/")[2]
    return DocumentName(path, True, tuple(paths), tuple(names), title)


def _judge_also_as(name: DocumentName, file: DocumentName) -> DocumentName:
    """Return *name* with the paths and names of *file*, by which it must be judged as well."""
    return name._replace(paths=file.paths, names=(*name.names, *file.names))


def _name_tramp(found: re.Match[str], platform: str) -> DocumentName:
    host = found["host"].rpartition("@")[2]
    is_here = is_loopback(host) or found["method"] in _TRAMP_OF_THIS_DISK
    if is_here and not found["hops"] and found["file"].startswith("/"):
        return _name_absolute(found["file"], platform)
    return _name_off_disk("/" + found["file"].lstrip("/"))


def _name_elsewhere(parts: _Uri) -> DocumentName:
    """Name a text on another machine, or on none. The host counts as a folder."""
    # Some names have colons instead of slashes, as in ``scp:host:file``.
    hosts = [unquote(parts.authority)] if parts.authority else []
    names = ["/".join(["", *hosts, each.lstrip("/")]) for each in parts.spellings()]
    return _name_off_disk(*names, *(each.replace(":", "/") for each in names if ":" in each))


def _name_in_archive(rest: str, platform: str, nested: int) -> DocumentName:
    outer, mark, inner = rest.partition("!/") if "!/" in rest else ("", "", "")
    if not mark:
        found = _IN_ARCHIVE.search(rest)
        outer = rest[: found.start()] if found else rest
        inner = rest[found.end() :] if found else ""
    outer = outer.lstrip(":")
    if _SCHEME.match(outer) and nested:
        archive = _name_uri(outer, platform, nested - 1)
    else:
        archive = _name_on_disk(_split_uri("file", outer).spellings(), platform)
    if not inner:
        return archive._replace(is_file=False)
    member = _name_off_disk(*(f"/{each.lstrip('/')}" for each in _decode(inner)))
    names = (*member.names, *archive.names)
    return archive._replace(is_file=False, names=names, title=member.title)


def _name_in_repository(parts: _Uri, platform: str) -> DocumentName:
    """Name a file by the path of its repository and its path within that.

    ``/repo/.git//0/file`` (fugitive), ``/repo/.git//HEAD:file`` and ``/repo/.git/:0:file``
    (gitsigns), ``/repo/.git/abcdef/file`` and ``/repo/.git/:0:/file`` (diffview).
    """
    names: list[DocumentName] = []
    for text in parts.spellings():
        found = _GIT_FOLDER.fullmatch(text)
        if not found:
            # The repository's folder is not called ``.git``.
            tree, *after = re.split(r"//|[:;#]", text.lstrip("/"))
            within = [*(each for each in after if each), *_find_files_within(text)]
            # Relative names are included, because the gate looks them up in the workspace as well.
            others = [
                *(f"/{each}" for each in (*reversed(after), text) if each.strip("/")),
                *within,
            ]
            if not others:
                continue
            other = _name_off_disk(*others)
            files = [text, *(f"/{tree}/{each}" for each in after)]
            local = [_name_on_disk([each], platform) for each in files]
            names.append(_judge_also_as(other, _join(local)))
            continue
        tree = found["tree"] + (f"/{found['module']}" if found["module"] else "")
        for file in _find_files_of_revision(found["rest"]):
            names.append(_name_on_disk([f"{tree}/{file}"], platform))
    return _join(names)._replace(is_file=False)


def _find_files_within(text: str) -> list[str]:
    """Return the paths behind a revision, in a repository whose folder is not ``.git``."""
    return [text[found.end() :] for found in _REVISION.finditer(text) if text[found.end() :]]


def _find_files_of_revision(rest: str) -> list[str]:
    """Return the paths that *rest*, a revision and a path, may mean; the likeliest first."""
    if staged := re.fullmatch(r":\d:/?(.+)", rest, re.DOTALL):
        return [staged[1]]
    revision, _, file = rest.partition(":")
    found = [file] if "/" not in revision else [file, rest.partition("/")[2]]
    return [each.lstrip("/") for each in found if each.strip("/")]


def _name_by_query(parts: _Uri, platform: str, nested: int) -> list[DocumentName]:
    """Return the names in the query or the authority, which the uris of comparisons have."""
    if not nested:
        return []
    fields = dict(_read_values(parts.query)) | dict(_read_values(parts.authority))
    if not fields or parts.scheme in ("file", "http", "https"):
        return []
    folders = [value for key, value in fields.items() if _FOLDER_KEY.fullmatch(key)]
    found = []
    for key, value in fields.items():
        if not _FILE_KEY.fullmatch(key) or _FOLDER_KEY.fullmatch(key):
            continue
        within = [f"{folder}/{value}" for folder in folders]
        is_whole = is_absolute(value, platform) or _SCHEME.match(value) or not within
        # A path that begins with a slash may also be relative to the repository's top folder.
        values = [value, *within] if is_whole else within
        found += [_name_uri(each, platform, nested - 1) for each in values]
    return found


def _read_values(text: str) -> Iterator[tuple[str, str]]:
    """Yield keys and strings of *text*, which is JSON, its base64 or hex, or ``key=value&…``."""
    text = unquote(text)
    encoded = text.rpartition("+")[2]
    for decode in _DECODERS:
        try:
            value = json.loads(decode(encoded if decode is bytes.fromhex else text))
        except (ValueError, RecursionError, binascii.Error):
            continue
        if isinstance(value, dict):
            for key, each in value.items():
                if isinstance(each, dict):
                    each = each.get("fsPath") or each.get("path")
                if isinstance(each, str) and each:
                    yield key, each
            return
    yield from parse_qsl(text)


_DECODERS: tuple[Callable[[str], str | bytes], ...] = (
    str,
    bytes.fromhex,
    lambda text: binascii.a2b_base64(text + "=" * (-len(text) % 4)),
)


def _join(names: Iterable[DocumentName]) -> DocumentName:
    """Join names into one that is judged by all, and shown as the first that names a file."""
    known = [each for each in names if each.title]
    first = next((each for each in known if each.path), (known or [DocumentName()])[0])
    paths = dict.fromkeys(path for each in known for path in each.paths)
    others = dict.fromkeys(name for each in known for name in each.names)
    return first._replace(paths=tuple(paths), names=tuple(others))
