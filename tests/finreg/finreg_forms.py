"""A small law in the forms e-Gov gives it (法令標準XML bare, v1 and v2 container, API v2 JSON), and items that cite it."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from jeval.finreg import laws
from jeval.finreg.wording import digest
from jeval.reading import dump_jsonl

LAW_ID = "419AC0000000022"
NUMBER = "平成十九年法律第二十二号"

ARTICLES: dict[str, str] = {
    "6": "特定事業者は、取引時確認を行った場合には、直ちに、記録を作成しなければならない。\n"
    "２　特定事業者は、確認記録を、契約が終了した日から、七年間保存しなければならない。",
    "9の2": "次の各号に掲げる場合の利率は、当該各号に定める率とする。\n"
    "一　元本の額が十万円未満の場合　年二割\n"
    "二　次のいずれかに該当する場合　年一割五分\n"
    "　イ　損失を補塡する場合\n"
    "　ロ　その他の場合",
    "31から46まで": "削除",
    "別表第一": "一　刑法\n上欄｜下欄\n銀行｜預金契約\n〃｜為替取引",
}


def _tree(number: str, text: str) -> str:
    if number.startswith("別表"):
        return (
            f'<AppdxTable Num="1"><AppdxTableTitle WritingMode="vertical">{number}（第四条関係）</AppdxTableTitle>'
            "<Item Num='1'><ItemTitle>一</ItemTitle><ItemSentence><Sentence>刑法</Sentence></ItemSentence></Item>"
            "<TableStruct><Table>"
            "<TableRow><TableColumn><Sentence>上欄</Sentence></TableColumn>"
            "<TableColumn><Sentence>下欄</Sentence></TableColumn></TableRow>"
            "<TableRow><TableColumn rowspan='2'><Sentence>銀行</Sentence></TableColumn>"
            "<TableColumn><Sentence>預金契約</Sentence></TableColumn></TableRow>"
            "<TableRow><TableColumn><Sentence>為替取引</Sentence></TableColumn></TableRow>"
            "</Table></TableStruct></AppdxTable>"
        )
    num = number.replace("から", ":").replace("まで", "").replace("の", "_")
    paragraphs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if re.match(r"[０-９]+　", line):
            paragraphs.append([])
        paragraphs[-1].append(line)
    body = "".join(_paragraph(index, lines) for index, lines in enumerate(paragraphs, 1))
    return f'<Article Num="{num}"><ArticleCaption>（見出し）</ArticleCaption><ArticleTitle>第何条</ArticleTitle>{body}</Article>'


def _paragraph(index: int, lines: list[str]) -> str:
    head = lines[0].split("　", 1)[1] if index > 1 else lines[0]
    mark = f"<ParagraphNum>{'０１２３４５６７８９'[index]}</ParagraphNum>" if index > 1 else "<ParagraphNum/>"
    items, current = "", ""
    for line in lines[1:]:
        if line.startswith("　"):
            title, sentence = line.strip("　").split("　", 1)
            current += (
                f"<Subitem1><Subitem1Title>{title}</Subitem1Title>{_sentence('Subitem1Sentence', sentence)}</Subitem1>"
            )
            continue
        items += f"<Item>{current}</Item>" if current else ""
        title, _, sentence = line.partition("　")
        current = f"<ItemTitle>{title}</ItemTitle>{_sentence('ItemSentence', sentence)}"
    items += f"<Item>{current}</Item>" if current else ""
    return f'<Paragraph Num="{index}">{mark}{_sentence("ParagraphSentence", head)}{items}</Paragraph>'


def _sentence(tag: str, text: str) -> str:
    columns = text.split("　")
    marked = [escape(c).replace("塡", "<Ruby>塡<Rt>てん</Rt></Ruby>") for c in columns]
    if len(columns) == 1:
        return f'<{tag}><Sentence Num="1" WritingMode="vertical">{marked[0]}</Sentence></{tag}>'
    return (
        f"<{tag}>"
        + "".join(f'<Column Num="{i}"><Sentence>{c}</Sentence></Column>' for i, c in enumerate(marked, 1))
        + f"</{tag}>"
    )


def law_xml(articles: dict[str, str] = ARTICLES) -> str:
    """The bare ``Law`` of the bulk download."""
    main = "".join(_tree(n, t) for n, t in articles.items() if not n.startswith("別表"))
    tables = "".join(_tree(n, t) for n, t in articles.items() if n.startswith("別表"))
    return (
        '<Law Era="Heisei" Lang="ja" LawType="Act" Num="022" Year="19" PromulgateMonth="03" PromulgateDay="31">\n'
        f"<LawNum>{NUMBER}</LawNum><LawBody><LawTitle Kana='はん'>犯罪による収益の移転防止に関する法律</LawTitle>"
        "<TOC><TOCLabel>目次</TOCLabel></TOC>\n"
        f'<MainProvision><Chapter Num="1"><ChapterTitle>第一章　総則</ChapterTitle>{main}</Chapter></MainProvision>'
        '<SupplProvision><SupplProvisionLabel>附則</SupplProvisionLabel><Article Num="6"><Paragraph Num="1">'
        "<ParagraphNum/><ParagraphSentence><Sentence>この附則は数えない。</Sentence></ParagraphSentence></Paragraph></Article>"
        f"</SupplProvision>{tables}</LawBody></Law>"
    )


def v1_xml(articles: dict[str, str] = ARTICLES) -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8'?><DataRoot><Result><Code>0</Code><Message/></Result><ApplData>"
        f"<LawId>{LAW_ID}</LawId><LawNum>{NUMBER}</LawNum><LawFullText>{law_xml(articles)}</LawFullText>"
        "</ApplData></DataRoot>"
    )


def v2_xml(articles: dict[str, str] = ARTICLES, day: str = "2026-07-10") -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8'?><law_data_response><attached_files_info/>"
        f"<law_info><law_type>Act</law_type><law_id>{LAW_ID}</law_id><law_num>{NUMBER}</law_num></law_info>"
        f"<revision_info><law_revision_id>{LAW_ID}_{day.replace('-', '')}_508AC0000000034</law_revision_id>"
        f"<abbrev>犯収法</abbrev><amendment_enforcement_date>{day}</amendment_enforcement_date></revision_info>"
        f"<law_full_text>{law_xml(articles)}</law_full_text></law_data_response>"
    )


def v2_json(articles: dict[str, str] = ARTICLES, day: str = "2026-07-10", *, encoded: bool = False) -> str:
    full: Any = _node(ElementTree.fromstring(law_xml(articles)))
    if encoded:
        full = base64.b64encode(law_xml(articles).encode()).decode()
    return json.dumps(
        {
            "attached_files_info": None,
            "law_info": {"law_type": "Act", "law_id": LAW_ID, "law_num": NUMBER},
            "revision_info": {
                "law_revision_id": f"{LAW_ID}_{day.replace('-', '')}_508AC0000000034",
                "abbrev": "犯収法",
                "amendment_enforcement_date": day,
            },
            "law_full_text": full,
        },
        ensure_ascii=False,
    )


def _node(element: ElementTree.Element) -> dict[str, Any]:
    children: list[Any] = [element.text] if element.text and element.text.strip() else []
    for child in element:
        children.append(_node(child))
        if child.tail and child.tail.strip():
            children.append(child.tail)
    return {"tag": element.tag, "attr": dict(element.attrib), "children": children}


def plain(articles: dict[str, str] = ARTICLES, day: str = "2026-07-10", **more: Any) -> str:
    return json.dumps(
        {
            "law_id": LAW_ID,
            "law_num": NUMBER,
            "title": "犯罪による収益の移転防止に関する法律",
            "short_title": "犯収法",
            "as_of": day,
            "source": "test",
            "complete": True,
            "articles": [{"number": n, "caption": "", "text": t} for n, t in articles.items()],
            **more,
        },
        ensure_ascii=False,
    )


def item(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "figure-hansyu-6-01",
        "kind": "figure",
        "suite": "audit",
        "topic": "確認記録",
        "difficulty": 1,
        "law_id": LAW_ID,
        "law": "犯収法",
        "article": "6",
        "paragraph": "2",
        "basis": "七年間保存しなければならない",
        "as_of": "2026-07-10",
        "article_sha256": digest(ARTICLES["6"]),
        "question": "犯収法上、確認記録の保存期間は何年ですか。",
        "answer": "7年間",
        "quantity": {"value": 7, "unit": "年"},
        "why": "第6条第2項。",
        "why_wrong": [],
        "note": "",
    }
    return row | changes


def write_items(folder: Path, *rows: dict[str, Any]) -> Path:
    """The items in the file of the law that they cite."""
    folder.mkdir(exist_ok=True)
    path = folder / laws.files()[LAW_ID]
    path.write_text(dump_jsonl(rows), encoding="utf-8")
    return path


def statutes(folder: Path, text: str | None = None, name: str = "law.json") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(plain() if text is None else text, encoding="utf-8")
    return folder
