"""Hooks of a task whose scoring takes a minute, so that a test can interrupt it."""

import os
import time
from pathlib import Path

import datasets


def dataset(**_):
    return {"test": datasets.Dataset.from_list([{"id": "a", "cluster": "a", "chance": 0.5}])}


def text(doc):
    return ""


def choices(doc):
    return ["はい", "いいえ"]


def target(doc):
    return 0


def results(doc, answers):
    Path(os.environ["SLOW_DIR"], "started").touch()
    time.sleep(60)
    return {"score": 1.0}
