"""Secret strings are found and masked, and nothing else is."""

import random
import re
import string
import sys
import tomllib
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ds_lsp.workspace.privacy.secrets
from ds_lsp.text.lines import STAND_IN
from ds_lsp.workspace.privacy.secrets import Secret, cut_secret, find_secrets, mask, masked_lines
from tests.unit.texts import AWKWARD

if TYPE_CHECKING:
    from _typeshed import TraceFunction

FORMATS = Path(ds_lsp.workspace.privacy.secrets.__file__).with_name("formats.toml")

# Put together here, so that no scanner takes this file for a leak.
MIXED, HEX = "a1B2c3D4e5" * 20, "0a1b2c3d4e5f6789" * 10
EXAMPLES = {
    "aws-access-key": ["AKIA" + "ABCDEFGH23456789"],
    "aws-bedrock-key": ["ABSK" + MIXED[:100] + "="],
    "google-api-key": ["AIza" + MIXED[:35]],
    "google-oauth": ["ya29." + MIXED[:60], "GOCSPX-" + MIXED[:28]],
    "azure-client-secret": ["abc8" + "Q~" + MIXED[:34]],
    "azure-shared-access-signature": ["sig=" + MIXED[:43] + "%3D"],
    "azure-marked-key": [MIXED[:76] + "AZDO" + MIXED[:4], MIXED[:76] + "+ASt" + MIXED[:6] + "=="],
    "azure-connection-string": ["AccountKey=" + MIXED[:86] + "=="],
    "alibaba-access-key": ["LTAI" + MIXED[:20]],
    "tencent-secret-id": ["AKID" + MIXED[:32]],
    "yandex-key": ["AQVN" + MIXED[:36]],
    "github-token": ["ghp_" + MIXED[:36], "github_pat_" + MIXED[:22] + "_" + MIXED[:59]],
    "gitlab-session": ["_gitlab_session=" + HEX[:32]],
    "gitlab-token": ["glpat-" + MIXED[:20], "glrt-" + MIXED[:20]],
    "atlassian-token": ["ATATT3" + MIXED[:60]],
    "slack-token": ["xoxb-" + "1234567890-" + MIXED[:24], "xapp-1-" + MIXED[:20]],
    "webhook-address": [
        "hooks.slack.com/services/" + "T0000/B0000/" + MIXED[:24],
        "oapi.dingtalk.com/robot/send?access_token=" + HEX[:64],
    ],
    "telegram-bot-token": ["123456789" + ":AA" + MIXED[:33]],
    "discord-token": ["MT" + MIXED[:24] + "." + MIXED[:6] + "." + MIXED[:38]],
    "stripe-key": ["sk_live_" + MIXED[:24], "whsec_" + MIXED[:32]],
    "payment-key": ["sq0atp-" + MIXED[:22], "EAAAl" + MIXED[:59]],
    "facebook-token": ["EAAC" + MIXED[:160]],
    "anthropic-key": ["sk-ant-" + "api03-" + MIXED[:93]],
    "openai-key": ["sk-proj-" + MIXED[:80]],
    "model-provider-key": ["sk-" + HEX[:32]],
    "model-provider-token": ["gsk_" + MIXED[:52], "hf_" + MIXED[:34]],
    "elevenlabs-key": ["sk_" + HEX[:48]],
    "npm-token": ["npm_" + MIXED[:36]],
    "pypi-token": ["pypi-Ag" + MIXED[:100]],
    "package-registry-token": ["rubygems_" + HEX[:48], "dckr_pat_" + MIXED[:27]],
    "twilio-key": ["SK" + HEX[:32]],
    "sendgrid-key": ["SG." + MIXED[:22] + "." + MIXED[:43]],
    "resend-key": ["re_" + MIXED[:8] + "_" + MIXED[:24]],
    "mail-provider-key": ["key-" + HEX[:32]],
    "mailchimp-key": [HEX[:32] + "-us12"],
    "json-web-token": ["eyJ" + MIXED[:17] + ".eyJ" + MIXED[:30] + "." + MIXED[:43]],
    "json-in-base64": ["eyJrIjoi" + MIXED[:80]],
    "paseto-token": ["v4.local." + MIXED[:80]],
    "vault-token": ["hvs." + MIXED[:90]],
    "terraform-token": [MIXED[:14] + ".atlasv1." + MIXED[:60]],
    "cloud-provider-token": ["dop_v1_" + HEX[:64]],
    "supabase-secret-key": ["sb_secret_" + MIXED[:22] + "_" + MIXED[:8]],
    "fly-token": ["FlyV1 " + "fm2_" + MIXED[:120]],
    "tailscale-key": ["tskey-" + "auth-" + MIXED[:17] + "-" + MIXED[:32]],
    "secret-store-token": ["dp.pt." + MIXED[:43]],
    "1password-secret-key": ["A3-" + "ABCDE2-ABCDEF23456-" + "-".join(["ABC23"] * 3)],
    "monitoring-token": ["glsa_" + MIXED[:32] + "_" + HEX[:8]],
    "shopify-token": ["shpat_" + HEX[:32]],
    "service-token": ["lin_api_" + MIXED[:40]],
    "airtable-token": ["pat" + MIXED[:14] + "." + HEX[:64]],
    "octopus-key": ["API-" + "ABCDEFGHIJ234567" + "ABCDEFGH23"],
    "clickup-key": ["pk_" + "12345678_" + "ABCDEFGH23456789" * 2],
    "settlemint-token": ["sm_pat_" + MIXED[:16]],
    "maxmind-key": [MIXED[:6] + "_" + MIXED[:29] + "_mmk"],
    "dropbox-token": [MIXED[:11] + "A" * 10 + MIXED[1:44]],
    "plaid-token": ["access-sandbox-" + "550e8400-e29b-41d4-a716-446655440000"],
    "harness-token": ["pat." + MIXED[:22] + "." + MIXED[:24] + "." + MIXED[:20]],
    "private-key-in-base64": ["LS0tLS1CRUdJTi" + "BSU0EgUFJJVkFURSBLRVktLS0tLQ" + MIXED[:60]],
    "private-key-bytes": ["MIIEowIBAAKC" + MIXED[:200]],
    "password-hash": ["$2b$12$" + MIXED[:53], "$6$" + MIXED[:8] + "$" + MIXED[:86]],
    "otp-seed": ["otpauth://totp/" + "Example:me?secret=" + "ABCDEFGH23456723" + "&issuer=Example"],
    "extended-private-key": ["xprv9" + "s21ZrQH143K" * 10],
    "nostr-key": ["nsec1" + "qpzry9x8gf2tvdw0" * 3 + "qpzry9x8gf"],
}

# The secret is what stands between the angle quotes.
MASKED = [
    'password = "«hunter2»"',
    "PASSWORD = '«S3cr3t!x»'",
    "DB_PASSWORD=«hunter2»",
    "export API_TOKEN=«a1b2c3d4e5f6»",
    "db.password=«hunter2»",
    "password: «hunter2»",
    "password: «hunter2»  # production",
    '  - password: "«p@ss!word»"',
    '"password": "«hunter2»",',
    "'db_password' => '«hunter2»',",
    ':password => "«hunter2»",',
    'password := "«hunter2»"',
    'var password string = "«hunter2»"',
    'let password: &str = "«hunter2»";',
    'password: str = "«hunter2»"',
    'char password[] = "«hunter2»";',
    'String dbPass = "«hunter2»";',
    '#define PASSWORD "«hunter2»"',
    '(setq password "«hunter2»")',
    "const apiKey: string = '«a1b2c3d4e5f60718»';",
    'config["password"] = "«hunter2»"',
    "define('DB_PASSWORD', '«hunter2»');",
    'os.environ.get("DB_PASSWORD", "«hunter2»")',
    'set_password("«hunter2»")',
    'if password == "«hunter2»":',
    'password = b"«hunter2»"',
    'password = f"«{prefix}hunter2»"',
    'password = "«correcthorsebatterystaple»"',
    "<password>«hunter2»</password>",
    '<add key="DbPassword" value="«hunter2»"/>',
    '{"name": "DB_PASSWORD", "value": "«hunter2»"}',
    's = "{\\"password\\": \\"«hunter2»\\"}"',
    "Authorization: Bearer «a1b2c3d4e5f60718a1b2»",
    'headers = {"Authorization": "Bearer «a1b2c3d4e5f60718a1b2»"}',
    "Authorization: Basic «dXNlcjpwYXNzd29yZDEyMw==»",
    "X-Api-Key: «a1b2c3d4e5f60718»",
    '"auth": "«dXNlcjpwYXNzd29yZDEyMw==»"',
    "//registry.npmjs.org/:_authToken=«a1b2c3d4-e5f6-0718-a1b2-c3d4e5f60718»",
    'client_secret = "«550e8400-e29b-41d4-a716-446655440000»"',
    'private static final String SECRET_KEY = "«a8f5f167f44f4964e6c998dee827110c»";',
    "PGPASSWORD=«hunter2» psql -U x",
    'requests.get(url, auth=("admin", "«hunter2»"))',
    'HTTPBasicAuth("admin", "«hunter2»")',
    '$db["pass"] = "«s3cr3t!!»";',
    "  --token=«abcd1234efgh» \\",
    "AWS_SECRET_ACCESS_KEY=«a1b2C3d4/e5f6G7h8+a1b2C3d4e5f6G7h8i9j0»",
    'c = "Server=x;User Id=sa;Password=«hunter2x9»;Database=y"',
    '"AccountKey=«a1b2C3d4e5f6/G7h8+a1b2C3d4e5f6G7h8i9j0==»;Endpoint=x"',
    "curl -u admin:«hunter2» https://example.com",
    "mysql --password=«hunter2» db",
    "mysql --password «hunter2» db",
    "ENV DB_PASSWORD «hunter2»",
    "CREATE USER x IDENTIFIED BY '«hunter2»';",
    "postgres://user:«hunter2»@host/db",
    "redis://:«hunter2»@host",
    '密码 = "«hunter2»"',
    '\t用户密码: "«hunter2»"  # 😀',
    'İ = 1; password = "«hunter2»"',
]
FINE = [
    "password = get_password()",
    'token = request.headers["Authorization"]',
    "self.token_count = 128",
    "password: str",
    'password: str = ""',
    "token: Optional[str] = None",
    "self.password = password",
    "password = password2",
    "password=self.password1,",
    "token = tokens[0]",
    "tokens = tokenize(line1)",
    "def token(self, a1: int) -> None:",
    "class Token2(Base):",
    "return self._auth2(x1)",
    "api_key = config.api_key2",
    'api_key=os.getenv("API_KEY2")',
    'password = os.environ["PASSWORD_2"]',
    'CONF_PASSWORD = "password"',
    '"password": "Enter your password 2"',
    'fields = ("password1", "password2")',
    '"token": "next_page_token_2",',
    'auth = "oauth2"',
    'secret = "sha256"',
    'password = "/run/secrets/db1"',
    'token_url = "https://a1b2c3d4e5f6.example.com/"',
    'author = "a1b2c3d4e5"',
    'compass = "north1x9y8"',
    'raise ValueError("token x1 unknown")',
    "Pass `attr_assign=True` if it assigns.",
    'password = f"{user}:{password}"',
    "DB_PASSWORD=${DB_PASSWORD:-x}",
    "password: ${{ secrets.DB_PASSWORD }}",
    "password: !vault |",
    'password = "%s"',
    'requests.get(url, auth=("user", "password"))',
    "export GITHUB_TOKEN=$(pass show x)",
    'if (token === "==") {',
    'self.assertEqual(token, "abc123def4")',
    '"api_key": "test-key-1"',
    'password = "请输入密码1"',
    "http://user:password@host",
    "http://{user}:{password}@host",
    'id = "550e8400-e29b-41d4-a716-446655440000"',
    'commit = "da39a3ee5e6b4b0d3255bfef95601890afd80709"',
    f'sha256 = "{HEX[:64]}"',
    'image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQA"',
    'key = "sk-spinner-border-text-2xl-col-12"',
    "npm_config_registry pypi-publish-action hf_hub_download",
    'if "-----BEGIN PRIVATE KEY-----" in text:',
]
GOLDEN = Path(__file__).parents[3] / "golden"
LETTERS = string.ascii_letters + string.digits
ALPHABETS = {
    "": LETTERS,
    "h": "0123456789abcdef",
    "b": LETTERS + "+/",
    "u": LETTERS + "-_",
    "U": string.ascii_uppercase + "234567",
    "l": "bcdfghjkmnpqrtvwxz",
}


def rows_of(name: str) -> list[str]:
    lines = (GOLDEN / name).read_text("utf-8").split("\n")
    return [line for line in lines[lines.index("") + 1 :] if line and not line.startswith("## ")]


SHAPES = rows_of("secret-shapes.txt")
LOOK_ALIKES = rows_of("secret-lookalikes.txt")


def drawn(shape: str, seed: int) -> str:
    """Return the shape with random secrets, as a case of `marked`."""
    letters = random.Random(seed)

    def draw(found: re.Match[str]) -> str:
        if found[1]:
            return f"«{found[1]}»"
        return "«" + "".join(letters.choices(ALPHABETS[found[2]], k=int(found[3]))) + "»"

    return re.sub("«(?:=([^»]*)|([a-zA-Z]?)([0-9]+))»", draw, shape.replace("⏎", "\n"))


KEY_LINES = [MIXED[:64], MIXED[3:67], MIXED[5:25] + "=="]


def marked(text: str) -> tuple[str, str]:
    """The text of a case, and what is to become of it."""
    text, expected = text.replace("«", "").replace("»", ""), text
    while "«" in expected:
        head, _, rest = expected.partition("«")
        secret, _, tail = rest.partition("»")
        expected = head + "x" * len(secret) + tail
    return text, expected


@pytest.mark.parametrize("case", MASKED)
def test_what_stands_beside_a_word_for_a_secret_is_masked(case: str) -> None:
    text, expected = marked(case)
    masked = mask(text)
    assert masked.text == expected
    assert masked.rules


@pytest.mark.parametrize("text", FINE)
def test_ordinary_code_stays(text: str) -> None:
    assert mask(text).text is text


@pytest.mark.parametrize("shape", SHAPES)
def test_secret_is_masked_whole_wherever_it_stands(shape: str) -> None:
    for seed in range(5):
        text, expected = marked(drawn(shape, seed))
        assert mask(text).text == expected


@pytest.mark.parametrize("shape", SHAPES)
def test_secret_is_masked_in_the_middle_of_a_file_of_any_line_ends(shape: str) -> None:
    text, expected = marked(f"import os\n\nvalue = 1\n{drawn(shape, 7)}\n\nlast = 2\n")
    for eol in ("\r\n", "\r", f"{STAND_IN}\n"):
        assert mask(text.replace("\n", eol)).text == expected.replace("\n", eol)


@pytest.mark.parametrize("shape", SHAPES)
def test_completion_ends_before_a_secret_wherever_it_stands(shape: str) -> None:
    case = drawn(shape, 3)
    text = marked(case)[0]
    offered = cut_secret(text, "a = 1\n", "")
    assert text.startswith(offered)
    assert len(offered) <= case.index("«")


@pytest.mark.parametrize("line", LOOK_ALIKES)
def test_look_alike_stays(line: str) -> None:
    text = line.replace("⏎", "\n")
    assert mask(text).text is text


LONG_SHAPES = [
    "API_TOKEN=«»",
    "password: «»",
    "Authorization: Bearer «»",
    'token = "«»"',
    "token = '«»'",
    "token = `«»`",
    '{"token": "«»", "x": 1}',
    "<password>«»</password>",
    "https://example.org/?access_token=«»",
    'x = "«eyJ0»"',
    "curl -H 'Authorization: Bearer «»' https://example.org",
]


@pytest.mark.parametrize("length", [299, 300, 301, 500, 5_000])
@pytest.mark.parametrize("shape", LONG_SHAPES)
def test_long_secret_is_masked_to_its_end(shape: str, length: int) -> None:
    value = "".join(random.Random(length).choices(LETTERS, k=length))
    value = value[:30] + "." + value[30:60] + "." + value[60:]
    text, expected = marked(shape.replace("«", "«").replace("»", f"{value}»"))
    assert mask(text).text == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('key = "\\\n{}\\\n{}"', id="backslash"),
        pytest.param('api_key = """\n{}\n{}\n"""', id="triple quotes"),
        pytest.param("const secret = `{}\n{}`;", id="backtick"),
        pytest.param("secret: |\n  {}\n  {}\nother: 1", id="block"),
        pytest.param('secret: "{}\n  {}"', id="open string"),
        pytest.param("SECRET={}\n{}\nOTHER=1", id="lines of base64"),
        pytest.param('secret = "{}" + \n    "{}"', id="plus at the end"),
        pytest.param('secret = "{}"\n    + "{}"', id="plus at the start"),
        pytest.param('secret = ("{}"\n    "{}")', id="adjacent"),
        pytest.param('secret = "{}" . \n "{}";', id="full stop"),
    ],
)
def test_secret_is_masked_on_all_its_lines(text: str) -> None:
    parts = [KEY_LINES[0], KEY_LINES[1]]
    text = text.replace("key = ", "api_key = ")
    masked = mask(text.format(*parts)).text
    assert masked == text.format("x" * len(parts[0]), "x" * len(parts[1]))


@pytest.mark.parametrize(
    "unit",
    [
        "token ",
        'password = "',
        'secret\\"',
        "auth('a','",
        "密码：",
        "$2b$",
        "eyJ-",
        "Private-Lines: 1\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "password: |#",
        '{"password":',
        "password = (",
        "key: [",
        "://a:b@",
        "password=a1b2c3d4<",
        'password = """\n',
        "- name: password\n",
        "AZDO",
        "mysql -p",
    ],
)
def test_time_grows_with_the_text(unit: str) -> None:
    steps = [steps_of(unit * (length // len(unit))) for length in (4_000, 8_000)]
    assert steps[1] <= 2.5 * steps[0] + 500


def steps_of(text: str) -> int:
    """Count the calls and lines of Python that finding secrets takes."""
    steps = 0

    def count(frame: FrameType, event: str, argument: object) -> "TraceFunction":
        nonlocal steps
        steps += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        find_secrets(text)
    finally:
        sys.settrace(before)
    return steps


def test_every_format_has_an_example() -> None:
    table = tomllib.loads(FORMATS.read_text("utf-8"))
    assert [each["name"] for each in table["format"]] == list(EXAMPLES)


@pytest.mark.parametrize(
    ("rule", "secret"), [(rule, each) for rule, some in EXAMPLES.items() for each in some]
)
@pytest.mark.parametrize("around", ['x("{}")', "中{}文", "\t{}\r\ny", "a={};"])
def test_known_format_is_masked_whatever_stands_around_it(
    rule: str, secret: str, around: str
) -> None:
    if around.startswith("中"):
        # A letter before it would make it another word.
        around = around.replace("中", "中 ").replace("文", " 文")
    masked = mask(around.format(secret))
    assert masked.rules == (rule,)
    assert masked.text == around.format("x" * len(secret))


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("form", ["{}", "    {}", '"{}\\n"', "# {}", "+ '{}' +"])
@pytest.mark.parametrize("part", ["all", "no begin", "no end"])
def test_private_key_is_masked_also_in_part(eol: str, form: str, part: str) -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    lines = [begin, *KEY_LINES, end]
    lines = lines[1:] if part == "no begin" else lines[:-1] if part == "no end" else lines
    above = [] if part == "no begin" else ["def f(value, other, third):"]
    below = [] if part == "no end" else ["", "def g(value):", "    return some_value_of_length_32"]
    text = eol.join([*above, *map(form.format, lines), *below])
    masked = mask(text)
    expected = text
    for line in KEY_LINES:
        expected = expected.replace(line, "x" * len(line))
    assert masked.text == expected
    assert masked.rules == ("private-key",)


def test_private_key_in_one_line_is_masked() -> None:
    body = "\\n".join(KEY_LINES)
    text = f'"private_key": "-----BEGIN PRIVATE KEY-----\\n{body}\\n-----END PRIVATE KEY-----\\n",'
    masked = mask(text)
    assert masked.text == text.replace(body, "\\n".join("x" * len(each) for each in KEY_LINES))


def test_code_behind_a_marker_without_a_key_stays() -> None:
    text = 'PEM = "-----BEGIN PRIVATE KEY-----"\nwhile True:\n    pass\nabcdefghijklmnopqrst()\n'
    assert mask(text).text is text


@pytest.mark.parametrize(
    ("typed", "is_masked"),
    [
        ('password = "hun|', False),
        ('password = "hunt|', True),
        ('password = "hunt|"', True),
        ('password = "hu|nter"', False),
        ("'api_key': 'abcd|", True),
        ('"Authorization": "Bearer abcd|"', True),
        ("PASSWORD=abcd|", True),
        ("password = get_pass|", False),
        ("token = self.toke|", False),
        ('name = "hunt|', False),
        ("密码 = '口令口令|'", True),
        ('token = "abcd" + x|', False),
    ],
)
def test_open_string_at_the_cursor_is_masked_before_it_looks_like_a_secret(
    typed: str, is_masked: bool
) -> None:
    before, _, after = f"a = 1\r\n{typed}\r\nb = 2".partition("|")
    assert (mask(before + after, len(before)).text != before + after) is is_masked


def test_rules_are_named_once_in_order() -> None:
    text = f'password = "hunter2"\npassword = "hunter3"\nx = "{EXAMPLES["npm-token"][0]}"\n'
    assert mask(text).rules == ("password", "npm-token")
    first, second, third = find_secrets(text)
    assert first == Secret("password", 12, 19)
    assert text[second.start : second.end] == "hunter3"
    assert text[third.start : third.end] == EXAMPLES["npm-token"][0]


PIECES = st.lists(
    st.sampled_from(
        [
            *(*EXAMPLES["github-token"], *EXAMPLES["json-web-token"], *KEY_LINES),
            *AWKWARD.values(),
            *("password", "token", "api_key", "auth", "Bearer ", "密码", "://", "@", "-u "),
            *("hunter2", "a1", "=", ":", '"', "'", "`", "\\", " ", "\n", "\r\n", "\r"),
            *("(", ",", "{"),
            *("<", ">", "]", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"),
            *("\0", "\ud800", "İ", "ß"),
        ]
    ),
    max_size=20,
).map("".join)


@given(PIECES | st.text(), st.integers(-1, 200))
def test_masking_keeps_length_and_lines_and_is_done_once(text: str, cursor: int) -> None:
    masked = mask(text, cursor)
    assert len(masked.text) == len(text)
    assert all(new in (old, "x") for old, new in zip(text, masked.text, strict=True))
    ends = [character for character in text if character in "\r\n"]
    assert [character for character in masked.text if character in "\r\n"] == ends
    assert mask(masked.text, cursor).text == masked.text
    assert bool(masked.rules) == bool(find_secrets(text, cursor))


@given(PIECES)
def test_by_lines_it_is_the_same(text: str) -> None:
    assert "".join(masked_lines(text)) == mask(text).text


@given(st.lists(st.sampled_from(FINE), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_text_without_secrets_is_the_same_text(lines: list[str], eol: str) -> None:
    text = eol.join(lines)
    assert mask(text).text is text


@pytest.mark.parametrize(
    ("before", "completion", "after", "left"),
    [
        pytest.param("x = |", "1 + 1", "", "1 + 1", id="fine"),
        pytest.param("x = |", 'f("xxxxxxx")', "", 'f("', id="filler"),
        pytest.param("# xxxx\nx = |", "'xxxx'", "", "'xxxx'", id="the text's own"),
        pytest.param("x = |", "'xxxx'", "\n# xxxxx", "'xxxx'", id="the text's own, below"),
        pytest.param('password = "|', 'hunter2"\nb', "", "", id="secret at the cursor"),
        pytest.param('password = "hun|', "ter2", '"', "", id="secret begun"),
        pytest.param(
            "a\r\nb|", '\r\npassword = "hunter2"', "", '\r\npassword = "', id="later line"
        ),
        pytest.param('password = "hunter2"; b = |', "1", "", "1", id="secret before the cursor"),
        pytest.param("|", EXAMPLES["npm-token"][0], "", "", id="format"),
        pytest.param("|", "甲 = '😀'", "", "甲 = '😀'", id="Chinese"),
    ],
)
def test_no_secret_is_offered(before: str, completion: str, after: str, left: str) -> None:
    assert cut_secret(completion, before.removesuffix("|"), after) == left


@given(PIECES, PIECES, PIECES)
def test_cutting_only_cuts(before: str, completion: str, after: str) -> None:
    assert completion.startswith(cut_secret(completion, before, after))


@pytest.mark.parametrize("eol", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_wherever_somebody_types_the_other_lines_are_judged_alike(eol: str) -> None:
    line = 'password = "hunter2"  # 计算'
    text = eol.join([line, "x = 1", "", "😀 = 2", line, ""])
    secrets = find_secrets(text)
    assert len(secrets) == 2
    for cursor in range(len(line) + 1, text.rindex(line)):
        assert find_secrets(text, cursor) == secrets
    at_start, at_end = find_secrets(text, 0), find_secrets(text, len(text))
    assert at_start == at_end == secrets
