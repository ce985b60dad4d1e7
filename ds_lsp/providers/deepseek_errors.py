"""The errors of DeepSeek, by the status and the message of an answer."""

import re

import httpx

from ds_lsp.errors import (
    AuthenticationError,
    BadRequestError,
    BalanceError,
    ConnectError,
    ProviderError,
    RateLimitError,
    RefusedTextError,
    UnavailableError,
    UnknownModelError,
)
from ds_lsp.providers.catalog import catalog
from ds_lsp.providers.http.connections import PROXY_WANTS_PASSWORD
from ds_lsp.providers.refusals import is_about_text
from ds_lsp.providers.streamed_call import Call, parse_retry_after

REFUSED_TEXT = (
    "{host} refused this text ({status}): it may be too long, or hold what a filter does not let "
    "through. Other files are still completed."
)
_SUPPORTED_MODELS = re.compile(r"supported API model names are (.{1,500}?)(?:,? but |\.?$)")
_MODEL_NAME = re.compile(r"[A-Za-z0-9._:/-]{1,64}")


def to_refusal(
    response: httpx.Response, message: str, host: str, section: str = "completion"
) -> ProviderError:
    """Return the exception for a status other than 200.

    *message* is the server's, and *section* the section of the request's settings.
    """
    status = response.status_code
    retry_after_s = parse_retry_after(response.headers.get("retry-after", ""))
    match status:
        case 401:
            return AuthenticationError(f"{host} does not know the API key: check `api_key`.")
        case 402:
            return BalanceError(
                f"The DeepSeek account has too little balance: top up at {catalog().top_up}."
            )
        case _ if is_about_text(status, message):
            return RefusedTextError(REFUSED_TEXT.format(host=host, status=status))
        case 407:
            return ConnectError(PROXY_WANTS_PASSWORD)
        case 404:
            return BadRequestError(f"{host} has no completions (404): check `base_url`.")
        case 429 if "balance" in message.lower():
            return RateLimitError(
                f"A low DeepSeek balance limits the requests: top up at {catalog().top_up}.",
                retry_after_s=retry_after_s,
            )
        case 429:
            return RateLimitError(
                "DeepSeek limits the number of requests: the next ones wait a moment.",
                retry_after_s=retry_after_s,
            )
    # 408 comes from a gateway before the service, and says nothing about the request.
    if 400 <= status < 500 and status != 408:
        return BadRequestError(
            f"{host} refused the request ({status}): check the `{section}` settings."
        )
    return UnavailableError(
        f"{host} is in trouble ({status}): try again later.", retry_after_s=retry_after_s
    )


def find_supported_models(message: str) -> tuple[str, ...]:
    """Return the models named in a server's message; nothing else is taken from it."""
    found = _SUPPORTED_MODELS.search(message)
    names = re.split(r", | or | and ", found[1]) if found else []
    return tuple(names) if all(map(is_model_name, names)) else ()


def is_model_name(name: object) -> bool:
    return isinstance(name, str) and _MODEL_NAME.fullmatch(name) is not None


def to_unknown_model(call: Call, supported: tuple[str, ...]) -> UnknownModelError:
    return UnknownModelError(
        f"There is no model {call.model}: set `{call.section}.model` to {' or '.join(supported)}.",
        asked=call.model,
        supported=supported,
    )
