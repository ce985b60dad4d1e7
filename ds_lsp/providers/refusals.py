"""Tells a request refused for its text from one refused for its form. Pure.

DeepSeek's messages are known. Compatible services have their own messages, in other languages, and
a firewall or a proxy on the way answers with a web page.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice

_DECIDED_BY_MESSAGE = (400, 422)
"""Statuses for refused texts and for wrong settings: the message decides."""
_ABOUT_REQUEST = frozenset(
    {401, 402, 404, 405, 407, 408, 410, 411, 415, 417, 421, 425, 426, 428, 429, 431}
)
"""Statuses about the key, the account, the address, the rate or the form. The rest of 4xx, such as
403, 406, 413, 414, 418 and 451, comes from a firewall or filter, which reads the text."""

_TAG = re.compile(r"<[^<>]*+>")
_ECHOES = frozenset({"input", "prompt", "suffix", "messages", "body", "request", "param", "loc"})
"""Members of an error that quote what was sent, or name a part of it."""
_MAX_STRINGS = 50
"""Maximum strings taken from the JSON of an error."""
_MAX_DEPTH = 8
"""Maximum depth of the JSON of an error; strings below it are ignored."""

# Stems, as the words have endings. Checked in this order: too long; a member that we set; the rest.
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|(?:prompt|input|text|content|message)s?\b[^.]{0,40}"
    r"(?:too (?:long|large|big|many)|exceed|at most|longer than)|too (?:long|large) (?:a )?prompt"
    r"|maximum (?:context|input|prompt)|tokens? (?:limit|exceed)|string_too_long"
    r"|exceed[^.]{0,40}(?:context|input|prompt|length)"
    r"|过长|過長|超长|超出|超過|超过|長すぎ|너무 (?:길|깁)|слишком длин|trop long|zu lang"
    r"|demasiado larg|muito long|troppo lung",
    re.IGNORECASE,
)
_ABOUT_SETTING = re.compile(
    r"\b(?:max_tokens|max_completion_tokens|temperature|top_p|suffix|stream|stream_options"
    r"|logprobs|base_url)\b|\b(?:unknown|unrecognized|unsupported|unexpected|missing|extra)"
    r"[ _-](?:request )?(?:parameter|argument|field|model|input)",
    re.IGNORECASE,
)
_ABOUT_TEXT = re.compile(
    r"risk|moderat|inspect|inappropriate|sensitive|unsafe|safety|polic(?:y|ies)|violat|filter"
    r"|harmful|prohibit|guardrail|offensive|toxic|objectionable|disallowed|abus|blocked"
    r"|\bcontents?\b(?![ _-]?type)"
    # Content, unfit, forbidden, harmful, sensitive.
    r"|风险|風險|敏感|违规|違規|审核|審核|不当|不當|合规|合規|违法|違法|内容|內容|安全"
    r"|不適切|有害|禁止|コンテンツ|ポリシー|부적절|유해|콘텐츠|정책|민감|금지"
    r"|недопустим|неприемлем|содержим|контент|запрещ|вредонос"
    r"|inappropri|contenu|interdit|inhalt|unangemessen|unzulässig|verboten"
    r"|inapropiad|inadecuad|inapropriad|inadequad|contenido|conteúdo|contenuto|prohibid|proibid"
    r"|inappropriat|vietat",
    re.IGNORECASE,
)


def is_about_text(status: int, message: str) -> bool:
    """Return whether a request was refused for its text, and not for its form."""
    if status not in _DECIDED_BY_MESSAGE:
        return 400 <= status < 500 and status not in _ABOUT_REQUEST
    if _TOO_LONG.search(message):
        return True
    return not _ABOUT_SETTING.search(message) and _ABOUT_TEXT.search(message) is not None


def error_message(body: bytes) -> str:
    """Return the message of an error: DeepSeek's, else all strings of the JSON, else the body."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        return _TAG.sub(" ", body.decode("utf-8", "replace"))
    match value:
        case {"error": {"message": str() as message, "code": str() as code}}:
            return f"{message}\n{code}"
    return "\n".join(islice(_texts(value), _MAX_STRINGS))


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth < _MAX_DEPTH and isinstance(value, dict | list):
        rows = value.items() if isinstance(value, dict) else (("", each) for each in value)
        for name, each in rows:
            if name not in _ECHOES:
                yield from _texts(each, depth + 1)
