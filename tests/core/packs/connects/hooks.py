"""Hooks of a task that tries to reach another host while it scores."""

import socket

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
    try:
        with socket.socket() as sock:
            sock.connect(("192.0.2.1", 443))
    except OSError:
        pass
    return {"score": float(answers[0][0] > answers[1][0])}
