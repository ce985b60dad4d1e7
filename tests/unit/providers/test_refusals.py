"""A refused text is told from a wrong setting, in many words, shapes and languages."""

import json

import pytest

from ds_lsp.providers.refusals import error_message, is_about_text

TEXTS: dict[str, object] = {
    "deepseek": {"error": {"message": "Content Exists Risk", "type": "invalid_request_error"}},
    "flat": {"message": "Content Exists Risk"},
    "a text as the error": {"error": "Content Exists Risk"},
    "a list": {"errors": [{"message": "content policy violation"}]},
    "detail": {"detail": "Input text may contain inappropriate content"},
    "pydantic": {"detail": [{"loc": ["body"], "msg": "too much", "type": "string_too_long"}]},
    "azure": {"error": {"message": "The prompt triggered the management policy."}},
    "the code alone": {"error": {"code": "content_filter", "message": "Bad request"}},
    "aliyun": {"code": "DataInspectionFailed", "message": "Input data is not accepted."},
    "zhipu": {"error": {"code": "1301", "message": "系统检测到输入内容可能包含不安全或敏感内容"}},
    "tencent": {"Response": {"Error": {"Code": "OperationDenied", "Message": "内容存在风险"}}},
    "baidu": {"error_code": 336104, "error_msg": "the content of message is unsafe"},
    "traditional": {"error": {"message": "輸入包含違規資訊"}},
    "unfit": {"error": {"message": "输入包含不当信息"}},
    "too long, chinese": {"error": {"message": "输入长度超过模型上下文限制"}},
    "japanese": {"error": {"message": "不適切な表現が含まれています"}},
    "korean": {"error": {"message": "부적절한 표현이 포함되어 있습니다"}},
    "russian": {"error": {"message": "Недопустимое содержимое"}},
    "french": {"error": {"message": "Le contenu est inapproprié"}},
    "german": {"error": {"message": "Der Inhalt ist unzulässig"}},
    "spanish": {"error": {"message": "El contenido no está permitido"}},
    "too long": {"error": {"message": "This model's maximum context length is 65536 tokens."}},
    "too long, and max_tokens": {
        "error": {
            "message": "max_tokens is too large: 64. This model's maximum context length is 2048 "
            "tokens and your request has 2000 input tokens."
        }
    },
    "too many tokens": {"error": {"message": "Input tokens exceed the limit of 4096"}},
    "plain": "Request blocked by guardrail",
    "a page": "<html><body><h1>Blocked</h1>Sensitive data was detected.</body></html>",
}
SETTINGS: dict[str, object] = {
    "temperature": {"error": {"message": "Invalid temperature value, must be in [0, 2]"}},
    "max_tokens": {"error": {"message": "max_tokens is too large: 40960. At most 4096."}},
    "beta": {"error": {"message": "only available when using beta api (set base_url=...)"}},
    "model": {"error": {"message": "Model Not Exist"}},
    "suffix": {"error": {"message": "suffix is not supported by our safety policy"}},
    "a parameter": {"error": {"message": "Unknown parameter: 'content_filter'"}},
    "no reason": {"error": {"message": "Bad Request"}},
    "nothing": "",
    "an echo": {"detail": [{"msg": "Field required", "input": {"x": "a sensitive risk"}}]},
    "another port's page": '<html><meta content="text/html">400 plain HTTP to HTTPS port</html>',
    "the form": {"message": "Invalid content type"},
}


def _body(answer: object) -> bytes:
    text = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return text.encode()


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("answer", TEXTS.values(), ids=TEXTS.keys())
def test_the_text_is_refused(answer: object, status: int) -> None:
    assert is_about_text(status, error_message(_body(answer)))


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("answer", SETTINGS.values(), ids=SETTINGS.keys())
def test_a_setting_is_wrong(answer: object, status: int) -> None:
    assert not is_about_text(status, error_message(_body(answer)))


@pytest.mark.parametrize("status", [403, 406, 413, 414, 418, 451])
def test_a_firewall_reads_the_text(status: int) -> None:
    assert is_about_text(status, "")


@pytest.mark.parametrize("status", [401, 402, 404, 405, 407, 408, 429, 431, 500, 503])
def test_a_status_that_says_why_is_believed(status: int) -> None:
    assert not is_about_text(status, "Content Exists Risk")
