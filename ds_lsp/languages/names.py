"""Languages by the names of clients and files, and which of them are alike.

All other modules use the id that LSP gives a language. A client's own name is converted to that id
when a document is opened (`choose_language`) and when a setting is read; an unknown name stays as
it is.
"""

from functools import cache, lru_cache
from pathlib import PurePath

from ds_lsp.languages.table import LANGUAGES, RELATIVES, UNNAMED

BY_SUFFIX = {suffix: each.id for each in LANGUAGES.values() for suffix in each.suffixes}
"""Language ids by suffix, in lower case and without its dot."""

BY_NAME = {name: each.id for each in LANGUAGES.values() for name in each.file_names}
"""Language ids by the whole name of a file, in lower case."""

_ALIKE = {
    language: group.languages
    for group in RELATIVES
    if group.are_alike
    for language in group.languages
}
_LIKE_TEXT = {
    language: group.languages
    for group in RELATIVES
    if group.have_like_text
    for language in group.languages
}


# Built at the first look-up, because the server answers its first message without it.
@cache
def by_client_name() -> dict[str, str]:
    """Return the language ids by name, in lower case and with "-" for blanks."""
    return {name: each.id for each in LANGUAGES.values() for name in (each.id, *each.names)}


@lru_cache(maxsize=256)
def to_id(name: str) -> str:
    """Return the id of the language that a client, a user or a suffix calls *name*.

    An unknown name is returned as it is.
    """
    spelled = "-".join(name.lower().replace("_", " ").split())
    # There are three names to try in this order: the name itself; without the suffix of an Emacs
    # mode; the first of several in Vim, as in "yaml.ansible".
    mode = spelled.removesuffix("-mode").removesuffix("-ts")
    for each in (spelled, mode, mode.partition(".")[0]):
        found = by_client_name().get(each) or BY_SUFFIX.get(each)
        # The first part of a scope such as "text.html" says nothing.
        if found and not (found == UNNAMED and "." in spelled):
            return found
    return name.strip()


def language_id(path: PurePath) -> str:
    """Return the language id of a file by its name; an unknown suffix is returned itself."""
    suffix = path.suffix[1:].lower()
    return BY_NAME.get(path.name.lower()) or BY_SUFFIX.get(suffix) or to_id(suffix) or UNNAMED


def choose_language(named: str, path: PurePath) -> str:
    """Return the language id of a document: the one that the client or user named.

    If they named none, the document's file decides. *path* may be a URI's.
    """
    return to_id(named) or language_id(path)


def is_same(one: str, other: str) -> bool:
    """Return whether two names mean one language. An empty name means none."""
    return to_id(one) == to_id(other) != ""


def are_alike(one: str, other: str) -> bool:
    """Return whether documents in these languages may be sent to a model together.

    They may if both are in one language, or in two of one group. Text without a language may be
    sent with no other text, not even of its kind: a draft of a letter must not take a list of
    passwords along.
    """
    one, other = to_id(one), to_id(other)
    if UNNAMED in (one, other) or not (one and other):
        return False
    return one == other or other in relatives_of(one)


def relatives_of(language: str) -> tuple[str, ...]:
    """Return the languages that are alike to one, itself among them."""
    return _ALIKE.get(language, (language,))


def suffixes_like(language: str) -> frozenset[str]:
    """Return the suffixes, with their dots, of files that may be imported in this language."""
    return frozenset(
        f".{suffix}" for suffix, each in BY_SUFFIX.items() if are_alike(each, language)
    )


def completion_family(language: str) -> str:
    """Return the family of a language, in which text of one language completes text of another.

    A family is named by the main suffix of its first language, with the dot, or by its id.
    """
    # Text without a language is like no other.
    head = LANGUAGES.get(_LIKE_TEXT.get(language, (language,))[0])
    if head is None or head.id == UNNAMED:
        return language
    return f".{head.suffixes[0]}" if head.is_named_by_suffix else head.id


def suffixes_of_family(family: str) -> frozenset[str]:
    """Return the suffixes, with their dots, of the files in a family (`completion_family`)."""
    return frozenset(
        f".{suffix}"
        for suffix, language in BY_SUFFIX.items()
        if language != UNNAMED and completion_family(language) == family
    )
