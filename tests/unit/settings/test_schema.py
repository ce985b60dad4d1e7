"""Settings: every parser, every source, who wins, and what a stranger's project file cannot do."""

import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ds_lsp.settings.parsers import EnvText
from ds_lsp.settings.resolve import MAX_PROBLEMS, Resolved, SettingsSource, resolve
from ds_lsp.settings.schema import SETTINGS, Settings, to_snake


def one(
    values: dict[str, object], *, is_project: bool = False, is_initialize: bool = False
) -> Resolved:
    return resolve([SettingsSource("here", values, is_project, is_initialize)])


def value_of(settings: object, path: str) -> object:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


@pytest.mark.parametrize(
    ("path", "raw", "value"),
    [
        ("provider", "Local", "local"),
        ("api_key", " sk-1 ", "sk-1"),
        ("api_key_command", "pass show x", "pass show x"),
        ("completion.enabled", False, False),
        ("completion.enabled", EnvText("off"), False),
        ("completion.model", "deepseek-v4-pro", "deepseek-v4-pro"),
        ("completion.max_tokens", 4096, 4096),
        ("completion.max_tokens", 64.0, 64),
        ("completion.max_tokens", EnvText("12"), 12),
        ("completion.temperature", 1, 1.0),
        ("completion.debounce_ms", 75, 75),
        ("completion.debounce_ms", 0, 0),
        ("completion.debounce_ms", "adaptive", "adaptive"),
        ("completion.debounce_ms", EnvText("75"), 75),
        ("completion.multiline", "never", "never"),
        ("completion.menu", "always", "always"),
        ("completion.disabled_languages", ["markdown"], ("markdown",)),
        ("completion.disabled_languages", EnvText("markdown, 中文"), ("markdown", "中文")),
        ("chat.thinking", True, True),
        ("chat.language", "中文", "中文"),
        ("privacy.ignore", ["*.密"], ("*.密",)),
        ("usage.daily_token_limit", 0, 0),
    ],
)
def test_a_good_value_is_taken(path: str, raw: object, value: object) -> None:
    resolved = one({path: raw})
    assert resolved.problems == ()
    assert value_of(resolved.settings, path) == value
    assert resolved.origins[path] == "here"


@pytest.mark.parametrize(
    ("path", "raw", "message"),
    [
        ("provider", "openai", "provider must be one of auto, deepseek, local"),
        ("api_key", "two words", "api_key must be one word of visible ASCII characters"),
        ("api_key", "schlüssel", "api_key must be one word of visible ASCII characters"),
        ("api_key_command", " ", "api_key_command must be text"),
        ("base_url", "ftp://x", "base_url must be an http:// or https:// address"),
        ("base_url", "api.deepseek.com", "base_url must be an http:// or https:// address"),
        ("base_url", "https://[", "base_url must be an http:// or https:// address"),
        ("base_url", "https://x:99999", "base_url must be an http:// or https:// address"),
        ("completion.enabled", "yes", "completion.enabled must be true or false"),
        ("completion.enabled", 1, "completion.enabled must be true or false"),
        ("completion.max_tokens", 0, "must be a whole number from 1 to 4096"),
        ("completion.max_tokens", 4097, "must be a whole number from 1 to 4096"),
        ("completion.max_tokens", 1.5, "must be a whole number from 1 to 4096"),
        ("completion.max_tokens", "128", "must be a whole number from 1 to 4096"),
        ("completion.max_tokens", True, "must be a whole number from 1 to 4096"),
        ("completion.max_tokens", EnvText("１２"), "must be a whole number from 1 to 4096"),
        ("completion.temperature", 2.1, "must be a number from 0 to 2"),
        ("completion.temperature", float("nan"), "must be a number from 0 to 2"),
        ("completion.debounce_ms", "fast", 'must be "adaptive" or a whole number'),
        ("completion.debounce_ms", -1, 'must be "adaptive" or a whole number'),
        ("completion.multiline", True, "must be one of auto, always, never"),
        ("completion.disabled_languages", "python", "must be a list of texts"),
        ("privacy.ignore", [1], "must be a list of texts"),
        ("completion.max_token", 1, "is no setting; did you mean completion.max_tokens?"),
        ("completion", 1, "completion is no setting"),
        ("😀", 1, "😀 is no setting"),
    ],
)
def test_bad_value_costs_that_setting(path: str, raw: object, message: str) -> None:
    resolved = one({path: raw, "completion.timeout_ms": 1234})
    (problem,) = resolved.problems
    assert problem.startswith("here: ")
    assert message in problem
    assert resolved.settings == dataclasses.replace(
        Settings(), completion=dataclasses.replace(Settings().completion, timeout_ms=1234)
    )


@pytest.mark.parametrize(
    ("path", "raw"), [("api_key", "se cret"), ("base_url", "https://me:secret@host")]
)
def test_problem_does_not_repeat_the_value(path: str, raw: str) -> None:
    (problem,) = one({path: raw}).problems
    assert "cret" not in problem


@pytest.mark.parametrize(
    "values",
    [
        {"completion": {"max_tokens": 9}},
        {"completion": {"maxTokens": 9}},
        {"completion.max_tokens": 9},
        {"completion.maxTokens": 9},
    ],
)
def test_either_spelling_nested_or_dotted(values: dict[str, object]) -> None:
    assert one(values).settings.completion.max_tokens == 9


@pytest.mark.parametrize("nothing", [None, ""])
def test_null_and_empty_text_are_unset(nothing: object) -> None:
    resolved = one({"api_key": nothing, "completion": {"max_tokens": nothing}})
    assert (resolved.settings, resolved.problems) == (Settings(), ())


def test_later_source_wins() -> None:
    resolved = resolve(
        [
            SettingsSource("first", {"completion.max_tokens": 1, "completion.model": "a"}),
            SettingsSource("second", {"completion.max_tokens": 2}),
            SettingsSource("third", {"completion.max_tokens": "bad"}),
        ]
    )
    assert resolved.settings.completion.max_tokens == 2
    assert resolved.origins["completion.max_tokens"] == "second"
    assert resolved.origins["completion.model"] == "first"
    assert resolved.origins["completion.timeout_ms"] == "default"
    assert "its earlier value is used" in resolved.problems[0]


@pytest.mark.parametrize(
    ("first", "second", "key", "command"),
    [
        pytest.param({"api_key": "k"}, {}, "k", None, id="key"),
        pytest.param({"api_key": "k", "api_key_command": "c"}, {}, "k", None, id="key first"),
        pytest.param({"api_key": "k"}, {"api_key_command": "c"}, None, "c", id="later command"),
        pytest.param({"api_key_command": "c"}, {"api_key": "k"}, "k", None, id="later key"),
        pytest.param({"api_key": "k"}, {"api_key": "x y"}, "k", None, id="bad later key"),
    ],
)
def test_key_before_command_within_a_source(
    first: dict[str, object], second: dict[str, object], key: str | None, command: str | None
) -> None:
    settings = resolve([SettingsSource("1", first), SettingsSource("2", second)]).settings
    assert (settings.api_key, settings.api_key_command) == (key, command)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("api_key", "k"),
        ("api_key_command", "c"),
        ("base_url", "http://x"),
        ("base_url", "no address"),
        ("allow_http", True),
        ("provider", "local"),
    ],
)
def test_project_file_cannot_choose_where_code_or_key_go(path: str, value: object) -> None:
    resolved = one({path: value}, is_project=True)
    assert resolved.refusal is None
    assert resolved.settings == Settings()
    assert f"{path} cannot be set by a project file" in resolved.problems[0]


@pytest.mark.parametrize(
    ("own", "project", "value", "has_problem"),
    [
        pytest.param({}, {"completion.max_tokens": 64}, 64, False, id="lowers"),
        pytest.param({}, {"completion.max_tokens": 256}, 128, True, id="cannot raise"),
        pytest.param(
            {"completion.max_tokens": 32}, {"completion.max_tokens": 64}, 32, True, id="own"
        ),
    ],
)
def test_project_file_can_only_lower_limits(
    own: dict[str, object], project: dict[str, object], value: int, has_problem: bool
) -> None:
    resolved = resolve([SettingsSource("own", own), SettingsSource("p", project, is_project=True)])
    assert resolved.settings.completion.max_tokens == value
    assert bool(resolved.problems) is has_problem


def test_project_file_can_set_a_limit_where_there_is_none() -> None:
    resolved = one({"usage.daily_token_limit": 1000}, is_project=True)
    assert resolved.settings.usage.daily_token_limit == 1000


def test_project_file_adds_to_lists_and_later_sources_do_not_undo_it() -> None:
    resolved = resolve(
        [
            SettingsSource("own", {"privacy.ignore": ["a"]}),
            SettingsSource("p", {"privacy.ignore": ["b", "a"]}, is_project=True),
            SettingsSource("editor", {"privacy.ignore": ["c"]}),
        ]
    )
    assert resolved.settings.privacy.ignore == ("c", "b", "a")


def test_project_file_can_switch_completion_off_not_on() -> None:
    assert not one({"completion.enabled": False}, is_project=True).settings.completion.enabled
    resolved = resolve(
        [
            SettingsSource("own", {"completion.enabled": False}),
            SettingsSource("p", {"completion.enabled": True}, is_project=True),
        ]
    )
    assert not resolved.settings.completion.enabled
    assert "not on" in resolved.problems[0]


def test_client_opt_ins_only_in_initialization_options() -> None:
    assert one({"client": {"lateAnswers": True}}, is_initialize=True).settings.client.late_answers
    refused = one({"client": {"status": True}})
    assert not refused.settings.client.status
    assert "only be asked for in initializationOptions" in refused.problems[0]


@pytest.mark.parametrize(
    "written",
    [
        "https://api.deepseek.com",
        "https://api.deepseek.com/",
        "https://api.deepseek.com/v1",
        "https://api.deepseek.com/v1/",
        "https://api.deepseek.com/beta",
        " https://api.deepseek.com/beta/ ",
        "https://api.deepseek.com//beta//",
    ],
)
def test_base_url_in_every_spelling(written: str) -> None:
    assert one({"base_url": written}).settings.base_url == "https://api.deepseek.com"


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://proxy.example/deepseek/v1", "https://proxy.example/deepseek"),
        ("https://proxy.example/betamax", "https://proxy.example/betamax"),
    ],
)
def test_the_base_url_of_another_service_is_normalized(written: str, normal: str) -> None:
    assert one({"base_url": written}).settings.base_url == normal


def test_the_key_is_not_in_repr() -> None:
    resolved = one({"api_key": "sk-canary"})
    assert resolved.settings.api_key == "sk-canary"
    assert "canary" not in repr(resolved)


def to_camel(path: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), path)


@pytest.mark.parametrize("path", SETTINGS)
def test_names_are_derived_both_ways(path: str) -> None:
    assert to_snake(to_camel(path)) == path


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*SETTINGS, "x"]), inner),
    )
)
def test_anything_at_all_is_survived(value: object) -> None:
    for path in SETTINGS:
        resolved = one({path: value})
        assert isinstance(resolved.settings, Settings)


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.integers())))
def test_any_names_are_survived(values: dict[str, object]) -> None:
    assert one(values).settings == Settings()


def test_summary_is_one_line_naming_every_problem() -> None:
    summary = one({"a": 1, "completion": {"model": 2}}).summary()
    assert summary is not None
    assert "a is no setting" in summary
    assert "completion.model must be text" in summary
    assert "\n" not in summary
    assert one({}).summary() is None


GOOD, BAD = "https://good.test", "good.test"
HTTP = "http://good.test"


@pytest.mark.parametrize(
    ("sources", "refusal"),
    [
        pytest.param([{}], None, id="default"),
        pytest.param([{"base_url": GOOD}], None, id="https"),
        pytest.param([{"base_url": "http://127.0.0.1:8000/v1"}], None, id="loopback"),
        pytest.param([{"base_url": "http://127.9.9.9"}], None, id="loopback's network"),
        pytest.param([{"base_url": "http://LocalHost:1"}], None, id="localhost"),
        pytest.param([{"base_url": "http://[::1]:1"}], None, id="v6"),
        pytest.param([{"base_url": HTTP}], "to another machine", id="http"),
        pytest.param([{"base_url": "http://192.168.0.2"}], "to another machine", id="local net"),
        pytest.param([{"base_url": "http://0.0.0.0"}], "to another machine", id="any"),
        pytest.param([{"base_url": "http://127.0.0.1.test"}], "to another machine", id="looks"),
        pytest.param([{"base_url": "http://localhost.test"}], "to another machine", id="like it"),
        pytest.param([{"base_url": "http://127.1"}], "to another machine", id="short"),
        pytest.param([{"base_url": "http://2130706433"}], "to another machine", id="one number"),
        pytest.param([{"base_url": "http://１２７.0.0.1"}], "to another machine", id="wide"),
        pytest.param([{"base_url": "http://127.0.0.1\\.x"}], "to another machine", id="backslash"),
        pytest.param([{"base_url": HTTP, "allow_http": True}], None, id="allowed"),
        pytest.param([{"base_url": HTTP, "provider": "local"}], None, id="not used"),
        pytest.param([{"base_url": HTTP}, {"base_url": GOOD}], None, id="later https"),
        pytest.param([{"base_url": BAD}], "is not known", id="bad"),
        pytest.param([{"base_url": BAD, "provider": "local"}], None, id="bad and not used"),
        pytest.param([{"base_url": GOOD}, {"base_url": BAD}], "is not known", id="later bad"),
        pytest.param([{"base_url": BAD}, {"base_url": GOOD}], None, id="later good"),
        pytest.param([{"base_url": BAD}, {"base_url": ""}], "is not known", id="later empty"),
    ],
)
def test_where_neither_key_nor_code_are_sent(
    sources: list[dict[str, object]], refusal: str | None
) -> None:
    resolved = resolve([SettingsSource(str(number), each) for number, each in enumerate(sources)])
    assert (resolved.refusal is None) is (refusal is None)
    assert (refusal or "") in (resolved.refusal or "")
    if resolved.refusal:
        (problem,) = resolved.problems
        assert "DeepSeek is not used" in problem
        assert ("allow_http" in problem) is ("machine" in resolved.refusal)


def test_project_file_cannot_let_in_what_the_user_keeps_out() -> None:
    own = SettingsSource("own", {"privacy.ignore": ["secret/"]})
    project = SettingsSource("p", {"privacy.ignore": ["!secret/", " !x", "more/"]}, is_project=True)
    resolved = resolve([own, project])
    assert resolved.settings.privacy.ignore == ("secret/", "more/")
    assert "not undone" in resolved.problems[0]


def test_project_file_adds_so_much_and_no_more() -> None:
    resolved = one({"privacy.ignore": [str(number) for number in range(5000)]}, is_project=True)
    assert len(resolved.settings.privacy.ignore) == 1000
    assert "the first 1000 are used" in resolved.problems[0]


def test_endless_text_is_refused() -> None:
    assert "at most 1000" in one({"completion.model": "x" * 1001}).problems[0]


def test_names_that_are_nested_without_end_are_survived() -> None:
    nested: object = 1
    for _ in range(5000):
        nested = {"a": nested}
    assert "a.a.a" in one({"a": nested}).problems[0]


def test_many_problems_are_counted_and_the_first_are_named() -> None:
    resolved = resolve([SettingsSource("x", {f"name {number}": 1 for number in range(1000)})])
    assert len(resolved.problems) == MAX_PROBLEMS + 1
    assert resolved.problems[-1] == f"x: {1000 - MAX_PROBLEMS} more like these"


def test_a_tree_that_is_deep_or_has_long_names_is_one_problem() -> None:
    tree: dict[str, object] = {}
    for _ in range(900):
        tree = {"中" * 10_000: tree}
    (problem,) = resolve([SettingsSource("x", tree)]).problems
    assert len(problem) < 1000


@pytest.mark.parametrize("is_project", [True, False])
@pytest.mark.parametrize("own", [False, True])
def test_a_project_switches_no_thinking_on(is_project: bool, own: bool) -> None:
    for wanted in (True, False):
        own_file = SettingsSource("config.toml", {"chat": {"thinking": own}})
        other = {"chat": {"thinking": wanted}}
        project = SettingsSource("project", other, is_project=is_project, is_client=not is_project)
        resolved = resolve([own_file, project])
        assert resolved.settings.chat.thinking is (own and wanted)
        assert len(resolved.problems) == (wanted and not own)
