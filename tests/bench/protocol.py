"""Whether all that is said on the wire is LSP, and the server outlives what is not.

    python -m tests.bench.protocol [--data DIRECTORY] [--editors DIRECTORY]

Recorded sessions are typed into the real server under every recorded ``initialize``; each message,
ours and the client's, is held against the protocol's meta model. Then come bodies that are odd
JSON or none, and positions in naughty texts, in three encodings, against an independent count.
Exit status 1: something was found.
"""

import argparse
import base64
import gzip
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pytest_lsp

from ds_lsp.text.columns import PositionEncoding, column_to_index, width
from tests.bench.replay.trace import Step, load
from tests.bench.speed.driver import Process
from tests.bench.speed.servers import ROOT, Session, ds_lsp, upstream

OWN = ("ds-lsp/",)
"""Methods that the meta model cannot know."""
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class Model:
    """The protocol, as its meta model has it."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._structures = {each["name"]: each for each in data["structures"]}
        self._enumerations = {each["name"]: each for each in data["enumerations"]}
        self._aliases = {each["name"]: each for each in data["typeAliases"]}
        self._methods = {each["method"]: each for each in data["requests"] + data["notifications"]}

    def in_message(self, message: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with a request or notification."""
        method = message["method"]
        if method.startswith(OWN):
            return
        if method not in self._methods:
            yield f"{method} is no method"
        elif kind := self._methods[method].get("params"):
            yield from self._in(message.get("params"), kind, method)

    def in_answer(self, method: str, message: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with the answer to a request."""
        if ("result" in message) == ("error" in message):
            yield f"{method}: neither result nor error, or both"
        elif "error" in message:
            error = message["error"]
            if not isinstance(error.get("code"), int) or not isinstance(error.get("message"), str):
                yield f"{method}: not an error"
        else:
            yield from self._in(message["result"], self._methods[method]["result"], method)

    def _in(self, value: Any, kind: Mapping[str, Any], at: str) -> Iterator[str]:
        match kind["kind"]:
            case "base":
                if not _is_base(value, kind["name"]):
                    yield f"{at} is no {kind['name']}"
            case "reference":
                yield from self._in_reference(value, kind["name"], at)
            case "array" if isinstance(value, list):
                for each in value:
                    yield from self._in(each, kind["element"], f"{at}[]")
            case "map" if isinstance(value, dict):
                for name, each in value.items():
                    yield from self._in(each, kind["value"], f"{at}.{name}")
            case "tuple" if isinstance(value, list) and len(value) == len(kind["items"]):
                for each, item in zip(value, kind["items"], strict=True):
                    yield from self._in(each, item, f"{at}[]")
            case "or":
                found = [list(self._in(value, item, at)) for item in kind["items"]]
                if all(found):
                    yield min(found, key=len)[0]
            case "and":
                for item in kind["items"]:
                    yield from self._in(value, item, at)
            case "literal":
                yield from self._in_properties(value, kind["value"]["properties"], at)
            case "stringLiteral" | "integerLiteral" | "booleanLiteral":
                if value != kind["value"]:
                    yield f"{at} is not {kind['value']!r}"
            case other:
                yield f"{at} is no {other}"

    def _in_reference(self, value: Any, name: str, at: str) -> Iterator[str]:
        if name in ("LSPAny", "LSPObject", "LSPArray"):
            return
        if name in self._aliases:
            yield from self._in(value, self._aliases[name]["type"], at)
        elif name in self._enumerations:
            kind = self._enumerations[name]
            known = [each["value"] for each in kind["values"]]
            if value not in known and not kind.get("supportsCustomValues"):
                yield f"{at} is no {name}"
        else:
            yield from self._in_properties(value, list(self._properties(name)), at)

    def _properties(self, name: str) -> Iterator[Mapping[str, Any]]:
        structure = self._structures[name]
        for base in structure.get("extends", []) + structure.get("mixins", []):
            yield from self._properties(base["name"])
        yield from structure["properties"]

    def _in_properties(
        self, value: Any, properties: Iterable[Mapping[str, Any]], at: str
    ) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{at} is no object"
            return
        by_name = {each["name"]: each for each in properties}
        for name, each in by_name.items():
            if name in value:
                # Clients send null for what they leave out.
                if value[name] is not None or not each.get("optional"):
                    yield from self._in(value[name], each["type"], f"{at}.{name}")
            elif not each.get("optional"):
                yield f"{at}.{name} is missing"


def _is_base(value: object, name: str) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match name:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer" | "uinteger":
            least = 0 if name == "uinteger" else -(2**31)
            return isinstance(value, int) and is_number and least <= value < 2**31
        case "decimal":
            return is_number
    return isinstance(value, str)


def position(text: str, index: int, encoding: str) -> dict[str, int]:
    line_start = text.rfind("\n", 0, index) + 1
    codec, size = UNITS[encoding]
    data = text[line_start:index].encode(codec, "surrogatepass")
    return {"line": text.count("\n", 0, index), "character": len(data) // size}


def changes(before: str, edits: Iterable[tuple[int, int, str]], encoding: str) -> list[object]:
    made: list[object] = []
    for start, end, new in edits:
        spots = (position(before, start, encoding), position(before, end, encoding))
        made.append({"range": {"start": spots[0], "end": spots[1]}, "text": new})
        before = before[:start] + new + before[end:]
    return made


class Wire:
    """One session, of which every message is looked at."""

    def __init__(self, process: Process, model: Model, params: Mapping[str, Any]) -> None:
        self.found: list[str] = []
        self.count = 0
        self._process = process
        self._model = model
        self._versions: dict[str, int] = {}
        process.keeps = True
        # What the client says of itself is as it was recorded: only our answer is looked at.
        _, _, answer = process.ask("initialize", params)
        self._look(model.in_answer("initialize", answer))
        result = answer["result"]
        self.encoding = result["capabilities"]["positionEncoding"]
        self.tell("initialized", {})

    def ask(self, method: str, params: object) -> Any:
        self._look(self._model.in_message({"method": method, "params": params}))
        _, _, answer = self._process.ask(method, params)
        self._look(self._model.in_answer(method, answer))
        return answer.get("result")

    def tell(self, method: str, params: object) -> None:
        self._look(self._model.in_message({"method": method, "params": params}))
        self._process.notify(method, params)

    def change(self, uri: str, made: list[object]) -> None:
        self._versions[uri] = self._versions.get(uri, 1) + 1
        document = {"uri": uri, "version": self._versions[uri]}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": made})

    def open(self, uri: str, text: str) -> None:
        item = {"uri": uri, "languageId": "typescript", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def complete(self, uri: str, at: dict[str, int]) -> None:
        params = {"textDocument": {"uri": uri}, "position": at}
        self.ask("textDocument/inlineCompletion", {**params, "context": {"triggerKind": 2}})

    def end(self) -> None:
        self.ask("shutdown", None)
        self.tell("exit", None)
        for message in self._process.heard:
            self._look(self._model.in_message(message))

    def _look(self, problems: Iterable[str]) -> None:
        self.count += 1
        self.found += problems


def play(wire: Wire, steps: Iterable[Step]) -> None:
    """What a recorded session says, step by step."""
    texts: dict[str, str] = {}
    for step in steps:
        if step.uri not in texts:
            wire.open(step.uri, step.text)
        elif step.changes:
            wire.change(step.uri, changes(texts[step.uri], step.changes, wire.encoding))
        texts[step.uri] = step.text
        if step.asks:
            wire.complete(step.uri, position(step.text, step.cursor, wire.encoding))


def play_trace(wire: Wire, trace: Mapping[str, Any], count: int) -> None:
    """A long trace of transactions; a request now and then."""
    uri, text = "file:///trace/a.svelte", trace["startContent"]
    wire.open(uri, text)
    for number, transaction in enumerate(islice(trace["txns"], count)):
        edits = [(at, at + gone, new) for at, gone, new in transaction["patches"]]
        wire.change(uri, changes(text, edits, wire.encoding))
        for start, end, new in edits:
            text = text[:start] + new + text[end:]
        if number % 20 == 0:
            wire.complete(uri, position(text, edits[-1][0] if edits else 0, wire.encoding))


def clients(editors: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every recorded ``initialize``, and the capabilities that come with pytest-lsp."""
    golden = ROOT / "tests" / "golden" / "initialize"
    for path in sorted([*golden.glob("*.json"), *editors.rglob("initialize*.json")]):
        recorded = json.loads(path.read_text("utf-8"))
        yield path.stem, recorded.get("params", recorded)
    bare = {"processId": None, "rootUri": None}
    for path in sorted((Path(pytest_lsp.__file__).parent / "clients").glob("*.json")):
        recorded = json.loads(path.read_text("utf-8"))
        yield path.stem, {**bare, "capabilities": recorded.get("capabilities", recorded)}


def outlives(process: Process, bodies: Iterable[bytes]) -> int:
    """How many bodies the server outlived; it must answer after each."""
    lived = 0
    for body in bodies:
        process.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        _, _, answer = process.ask("workspace/executeCommand", {"command": "ds-lsp.status"})
        lived += "result" in answer
    return lived


def round_trips(texts: Iterable[str]) -> Iterator[str]:
    """Places of texts that do not come back from a column, or whose column is another."""
    for number, text in enumerate(texts):
        for name, (codec, size) in UNITS.items():
            encoding = PositionEncoding(name)
            for index in range(len(text) + 1):
                column = len(text[:index].encode(codec, "surrogatepass")) // size
                is_same = width(text[:index], encoding) == column
                if not is_same or column_to_index(text, column, encoding) != index:
                    yield f"text {number} at {index} in {name}"


def _read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--editors", type=Path, default=ROOT.parent / "shared" / "editors")
    parser.add_argument("--steps", type=int, default=2000, help="of each recorded session")
    arguments = parser.parse_args()
    data: Path = arguments.data
    if not (data / "lsp").is_dir():
        print(f"{data} is missing: say where with --data", file=sys.stderr)
        return 1
    model = Model(_read(data / "lsp" / "metaModel.json.gz"))
    steps = load(data / "typing" / "vscode-session-92min.jsonl.gz")[: arguments.steps]
    trace = _read(data / "typing" / "josephg-sveltecomponent.json.gz")
    found: list[str] = []
    with tempfile.TemporaryDirectory() as name, upstream() as api:
        home = Path(name)
        server = ds_lsp(api.url, home, {"debounceMs": 0})
        for number, (client, params) in enumerate(clients(arguments.editors)):
            process = Process(server.command, server.environment)
            wire = Wire(process, model, params)
            # All of both sessions under the first client, the beginning under the others.
            play(wire, steps if number == 0 else steps[:100])
            play_trace(wire, trace, arguments.steps if number == 0 else 100)
            wire.end()
            process.close()
            print(f"{client}: {wire.count} messages, {len(wire.found)} wrong", flush=True)
            found += [f"{client}: {each}" for each in wire.found]
        with Session(server, home) as session:
            suite = data / "lsp" / "jsontestsuite-parsing.jsonl.gz"
            lines = gzip.decompress(suite.read_bytes()).splitlines()
            bodies = [base64.b64decode(json.loads(line)["b64"]) for line in lines]
            lived = outlives(session.process, bodies)
            print(f"odd bodies: {lived} of {len(bodies)} outlived")
            found += ["an odd body ended the server"] * (len(bodies) - lived)
    wrong = list(round_trips(_read(data / "lsp" / "blns.json.gz")))
    print(f"positions in naughty texts: {len(wrong)} wrong")
    found += wrong
    for each in dict.fromkeys(found):
        print(f"  {each}")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
