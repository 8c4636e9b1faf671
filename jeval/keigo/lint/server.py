"""``jeval keigo --lsp``: a language server, which shows findings while one writes and offers the suggestions as quick fixes.

Needs the extra ``lsp`` (pygls).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from jeval.errors import InputError
from jeval.keigo.lint import render
from jeval.keigo.lint.check import Finding, check
from jeval.keigo.lint.config import Settings, find
from jeval.version import __version__


def serve() -> None:
    """Serve over standard input and output until the editor closes.

    Raises:
        InputError: pygls is not installed.
    """
    try:
        from lsprotocol import types
        from pygls.lsp.server import LanguageServer
    except ImportError as err:
        raise InputError('--lsp: pygls is not installed; pip install "jeval[lsp]"') from err
    server = LanguageServer("jeval-keigo", __version__)

    def publish(uri: str) -> None:
        document = server.workspace.get_text_document(uri)
        shown = [_diagnostic(types, document, one) for one in _found(server, uri, document.source)]
        server.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri=uri, version=document.version, diagnostics=shown)
        )

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: Any) -> None:
        publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: Any) -> None:
        publish(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: Any) -> None:
        uri = params.text_document.uri
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri=uri, diagnostics=[]))

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    def actions(params: Any) -> list[Any]:
        uri = params.text_document.uri
        document = server.workspace.get_text_document(uri)
        wanted = params.range
        return [
            _action(types, document, uri, one)
            for one in _found(server, uri, document.source)
            if one.suggestion is not None
            and document.source[one.start : one.end] == one.surface
            and one.line - 1 <= wanted.end.line
            and wanted.start.line <= one.end_line - 1
        ]

    server.start_io()


def _found(server: Any, uri: str, text: str) -> list[Finding]:
    """The findings of a document under the settings of its folder; what is wrong with these, or it, is shown."""
    from lsprotocol import types

    path = Path(unquote(urlparse(uri).path))
    try:
        settings = find(path.parent) if path.parent.is_dir() else Settings()
        return check(path.name, text, settings).findings
    except InputError as err:
        server.window_show_message(types.ShowMessageParams(type=types.MessageType.Warning, message=str(err)))
        return []


def _range(types: Any, document: Any, one: Finding) -> Any:
    """Where it is, in the units that editor and server agreed on."""
    start = types.Position(one.line - 1, one.column - 1)
    end = types.Position(one.end_line - 1, one.end_column - 1)
    return document.position_codec.range_to_client_units(document.lines, types.Range(start, end))


def _diagnostic(types: Any, document: Any, one: Finding) -> Any:
    severities = {
        "error": types.DiagnosticSeverity.Error,
        "warning": types.DiagnosticSeverity.Warning,
        "info": types.DiagnosticSeverity.Information,
    }
    return types.Diagnostic(
        range=_range(types, document, one),
        message=render.message(one),
        severity=severities[one.severity],
        code=one.rule,
        source="jeval keigo",
    )


def _action(types: Any, document: Any, uri: str, one: Finding) -> Any:
    edit = types.TextEdit(_range(types, document, one), one.suggestion or "")
    return types.CodeAction(
        title=f"{one.surface} → {one.suggestion or '∅'}",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[_diagnostic(types, document, one)],
        is_preferred=one.safe,
        edit=types.WorkspaceEdit(changes={uri: [edit]}),
    )
