"""The language server, asked over its protocol by a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls")
RUN = [sys.executable, "-c", "from jeval.keigo.lint.server import serve; serve()"]


class Editor:
    """The client's side: messages with a header of their length."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(RUN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, method: str, params: Any, number: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})
        body = json.dumps(message).encode()
        assert self.process.stdin
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self, method: str = "", number: int | None = None) -> Any:
        """The next message of that method, or the answer of that number."""
        assert self.process.stdout
        while True:
            length = 0
            while (line := self.process.stdout.readline().strip()) != b"":
                if line.lower().startswith(b"content-length"):
                    length = int(line.split(b":")[1])
            message = json.loads(self.process.stdout.read(length))
            if method and message.get("method") == method:
                return message["params"]
            if number is not None and message.get("id") == number:
                return message["result"]


def test_an_editor_is_shown_findings_and_offered_quick_fixes(tmp_path: Path) -> None:
    uri = (tmp_path / "mail.md").as_uri()
    editor = Editor()
    try:
        editor.send("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, 1)
        assert editor.receive(number=1)["capabilities"]["codeActionProvider"]
        editor.send("initialized", {})
        text = "# 😀\n\n😀内容を**よく**ご確認してください。\n"
        document = {"uri": uri, "languageId": "markdown", "version": 1, "text": text}
        editor.send("textDocument/didOpen", {"textDocument": document})
        [found] = editor.receive("textDocument/publishDiagnostics")["diagnostics"]
        assert (found["code"], found["source"]) == ("kenjo-request", "jeval keigo")
        place = {"start": {"line": 2, "character": 11}, "end": {"line": 2, "character": 20}}
        assert found["range"] == place  # 😀 counts two, as editors count
        asked = {"textDocument": {"uri": uri}, "range": place, "context": {"diagnostics": [found]}}
        editor.send("textDocument/codeAction", asked, 2)
        [action] = editor.receive(number=2)
        assert action["edit"]["changes"][uri] == [{"range": place, "newText": "ご確認ください"}]
        change = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": "ご確認ください。\n"}]}
        editor.send("textDocument/didChange", change)
        assert editor.receive("textDocument/publishDiagnostics")["diagnostics"] == []
        editor.send("shutdown", None, 3)
        editor.receive(number=3)
        editor.send("exit", None)
        assert editor.process.wait(20) == 0
    finally:
        editor.process.kill()
