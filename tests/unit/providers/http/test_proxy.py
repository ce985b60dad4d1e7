"""Which proxy of the environment is used, and what is said of one that cannot be."""

import httpx
import pytest

from ds_lsp.providers.http.proxy import Proxy, UnusableProxyError, proxy_before

HTTP, SOCKS5, SOCKS4 = "http://p:1", "socks5://p:1", "socks4://p:1"
API, PLAIN = "https://api.test", "http://api.test:8000"

CHOSEN = {
    "none": ({}, API, None),
    "the scheme's own": ({"https": HTTP, "all": SOCKS5}, API, ("https_proxy", HTTP)),
    "another scheme's": ({"http": HTTP}, API, None),
    "for all": ({"all": SOCKS5}, API, ("all_proxy", SOCKS5)),
    "not the other scheme's": (
        {"http": HTTP, "https": SOCKS4, "all": SOCKS4},
        PLAIN,
        ("http_proxy", HTTP),
    ),
    "without a scheme": ({"https": "p:1"}, API, ("https_proxy", "http://p:1")),
    "with a name and a password": (
        {"https": "u:w@p:1"},
        API,
        ("https_proxy", "http://u:w@p:1"),
    ),
    "blanks around": ({"https": f" {HTTP} "}, API, ("https_proxy", HTTP)),
    "empty": ({"https": "", "all": HTTP}, API, ("all_proxy", HTTP)),
    "blank": ({"https": " ", "all": ""}, API, None),
    "exempt": ({"https": HTTP, "no": "api.test"}, API, None),
    "exempt by its end": ({"https": HTTP, "no": "x, .test"}, API, None),
    "exempt in capitals": ({"https": HTTP, "no": "API.TEST"}, API, None),
    "exempt with its port": ({"http": HTTP, "no": "api.test:8000"}, PLAIN, None),
    "exempt at another port": ({"http": HTTP, "no": "api.test:1"}, PLAIN, ("http_proxy", HTTP)),
    "exempt, with a star": ({"https": HTTP, "no": "*.test"}, API, None),
    "exempt, after a blank": ({"https": HTTP, "no": "localhost api.test"}, API, None),
    "exempt at its own port": ({"https": HTTP, "no": "api.test:443"}, API, None),
    "exempt as an address": ({"https": HTTP, "no": "https://api.test/"}, API, None),
    "exempt with a last dot": ({"https": HTTP, "no": "api.test."}, API, None),
    "exempt in its own letters": ({"https": HTTP, "no": "例.test"}, "https://例.test", None),
    "a network": ({"http": HTTP, "no": "10.0.0.0/8"}, "http://10.1.2.3:1", None),
    "a network of IPv6": ({"http": HTTP, "no": "fd00::/8"}, "http://[fd00::1]:1", None),
    "an address of IPv6": ({"http": HTTP, "no": "fd00::1"}, "http://[fd00::1]:1", None),
    "another network": (
        {"http": HTTP, "no": "10.0.0.0/8"},
        "http://11.1.2.3",
        ("http_proxy", HTTP),
    ),
    "half a name": ({"https": HTTP, "no": "pi.test"}, API, ("https_proxy", HTTP)),
    "nothing": ({"https": HTTP, "no": " ,, ."}, API, ("https_proxy", HTTP)),
    "all, among others": ({"https": HTTP, "no": "x, *"}, API, None),
    "all exempt": ({"https": HTTP, "no": "*"}, API, None),
    "another is exempt": ({"https": HTTP, "no": "[::1],10.0.0.0/8"}, API, ("https_proxy", HTTP)),
    "this machine": ({"http": HTTP}, "http://127.0.0.1:1", None),
    "this machine, by name": ({"http": HTTP}, "http://localhost:1", None),
    "this machine, IPv6": ({"http": HTTP}, "http://[::1]:1", None),
}


@pytest.mark.parametrize(("environment", "url", "chosen"), CHOSEN.values(), ids=CHOSEN.keys())
def test_the_proxy_that_is_used(
    environment: dict[str, str], url: str, chosen: tuple[str, str] | None
) -> None:
    proxy = proxy_before(httpx.URL(url), environment)
    assert (proxy and (proxy.variable, proxy.url)) == chosen


@pytest.mark.parametrize(
    "url", ["http://p:1", "https://p", "HTTP://p:1", "http://u:w@p:1", "http://[::1]:3128"]
)
def test_a_proxy_that_can_be_used(url: str) -> None:
    Proxy(url, "https_proxy").check()


UNUSABLE = {
    "socks4://p:1": "kind that ds-lsp cannot use (socks4)",
    "socks4a://p:1": "(socks4a)",
    "gopher://p:1": "(gopher)",
    "socks5://p:1": "pip install httpx[socks]",
    "socks5h://u:secret@p:1": "pip install httpx[socks]",
    "http://u:secret@p:99999": "no address",
    "http://u:secret@[::1": "no address",
    "http://": "no address",
    "http://p:x": "no address",
    "http://u:se cret@p:1": "no address",
    "secret": "no address",
}


@pytest.mark.parametrize(("url", "words"), UNUSABLE.items())
def test_a_proxy_that_cannot_be_used_is_named_by_its_variable(
    url: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ds_lsp.providers.http.proxy.find_spec", lambda name: None)
    with pytest.raises(UnusableProxyError) as caught:
        Proxy(url, "all_proxy").check()
    assert "`all_proxy`" in str(caught.value)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("url", "host"), [("http://u:w@p:1", "p"), ("http://[::1", "")])
def test_a_host_without_its_password(url: str, host: str) -> None:
    assert Proxy(url, "all_proxy").host == host
