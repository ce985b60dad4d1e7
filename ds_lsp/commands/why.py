"""Reports whether a file may be completed and sent, the rule that decides, and the masked lines."""

import argparse
import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ds_lsp.commands.output import complain, prepare_output, print_json
from ds_lsp.commands.run import report_problems, resolve_for, workspace_of
from ds_lsp.files import open_regular
from ds_lsp.languages.names import language_id
from ds_lsp.text.document import Document
from ds_lsp.text.lines import LINE_END
from ds_lsp.text.visible import escape_control_characters
from ds_lsp.workspace.privacy.gate import Gate
from ds_lsp.workspace.privacy.markers import MAX_CHARS, text_rule


@dataclass(frozen=True, slots=True)
class MaskedLine:
    """A line, counted from 1, that is sent with filler for a secret, and the rule that masks it."""

    line: int
    rule: str


def main(argv: Sequence[str]) -> int:
    arguments = _parser().parse_args(argv)
    prepare_output()
    path = Path(arguments.file).absolute()
    folder = workspace_of(path)
    resolved = resolve_for(folder)
    report_problems(resolved)
    # Check the name first: an excluded file is not read here either. The gate is asked by URI, as
    # the server asks it, because a URI with a ``%`` may mean two names.
    rule = Gate([folder], resolved.settings.privacy.ignore).excludes(path.as_uri())
    masked: list[MaskedLine] = []
    try:
        if rule:
            os.stat(path)
        else:
            text = _read(path)
            document = Document(path.as_uri(), language_id(path), 0, text)
            rule = text_rule(document.head, document.size, text)
            masked = [] if rule else find_masked_lines(text)
    except (OSError, ValueError) as exc:
        why = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        complain(f"{path} cannot be read: {why}.")
        return 1
    if arguments.json:
        lines = [{"line": each.line, "rule": each.rule} for each in masked]
        print_json({"file": str(path), "allowed": rule is None, "rule": rule, "masked": lines})
    else:
        _print(path, rule, masked)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ds-lsp why",
        description="Say whether a file may be completed and sent, and which rule says so; and of "
        "one that may, which lines hold secrets that are masked. No secret is printed.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    return parser


def _read(path: Path) -> str:
    file = open_regular(path, follow_links=True)
    if file is None:
        raise OSError(errno.EINVAL, "it is no regular file")
    with file:
        # A character takes at most four bytes: one byte more tells that there are too many.
        data = file.read(4 * MAX_CHARS + 1)
    # Editors decode UTF-16 and send its text, which has no NUL.
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    return data.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def find_masked_lines(text: str) -> list[MaskedLine]:
    """Return the lines that hold secrets, once for each rule and line."""
    from ds_lsp.workspace.privacy.secrets import find_secrets

    found: dict[MaskedLine, None] = {}
    line = at = 0
    for secret in find_secrets(text):
        line += len(LINE_END.findall(text, at, secret.start))
        at = secret.start
        found[MaskedLine(line + 1, secret.rule)] = None
    return list(found)


def _print(path: Path, rule: str | None, masked: Sequence[MaskedLine]) -> None:
    name = escape_control_characters(str(path))
    if rule:
        print(
            f"{name} is neither read nor sent, whether git tracks it or not. "
            f"The rule that says so: {escape_control_characters(rule)}"
        )
        return
    print(f"{name} may be completed and sent; no rule excludes it.")
    for each in masked:
        print(f"  line {each.line}: masked ({each.rule})")
