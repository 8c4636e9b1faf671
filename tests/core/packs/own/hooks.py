# mypy: ignore-errors
"""Hooks as people write them."""

import math

from lm_eval.api.instance import Instance
from lm_eval.api.metrics import mean
from lm_eval.api.task import Task


def results(doc, outputs):
    page = doc["of"]["page"]
    return {
        "percent": 40.0 + page,
        "error": 0.5,
        "said": outputs[0],
        "parts": [1, 0],
        "middle": page / 10,
        "share": math.nan if page == 1 else page / 10,
        "unknown": 1.0,
    }


def longest(values):
    return max(len(one) for one in values)


def of_parts(values):
    return sum(sum(one) for one in values) / sum(len(one) for one in values)


def average(values):
    known = [one for one in values if not math.isnan(one)]
    return sum(known) / len(known)


def broken(doc, outputs):
    if doc["of"]["page"] == 4:
        raise LookupError("no such page")
    return {"share": 1.0}


def exits(doc, outputs):
    raise SystemExit(4)


def third_fails(doc):
    if doc["of"]["page"] == 2:
        raise ValueError("page 2 is missing")
    return doc["question"]


class Plain(Task):
    """Documents are texts."""

    VERSION = 2
    OUTPUT_TYPE = "loglikelihood"

    def download(self, data_dir=None, cache_dir=None, download_mode=None):
        self.texts = ["昨日は晴れ", "今日は雨", "明日は雪"]

    def has_training_docs(self):
        return False

    def has_validation_docs(self):
        return False

    def has_test_docs(self):
        return True

    def test_docs(self):
        return self.texts

    def doc_to_text(self, doc):
        return doc[:-1]

    def doc_to_target(self, doc):
        return doc[-1]

    def construct_requests(self, doc, ctx, apply_chat_template=False, chat_template=None, **kwargs):
        return [
            Instance(request_type="loglikelihood", doc=doc, arguments=(ctx, end), idx=n, **kwargs)
            for n, end in enumerate((doc[-1], "風"))
        ]

    def process_results(self, doc, results):
        return {"likelier": float(results[0][0] > results[1][0])}

    def aggregation(self):
        return {"likelier": mean}

    def higher_is_better(self):
        return {"likelier": True}
