"""What rows of a batch share, what is guessed of an answer, and how many answers grow at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jeval.models.budget import batches
from jeval.models.decoding import segments
from jeval.models.draft import Draft, worth
from jeval.models.generate import Generation, generate
from jeval.models.radix import build
from tests.models import support

torch.set_num_threads(1)

families = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 150), st.integers(0, 150), st.integers(1, 9)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(families)
def test_segments_hold_what_all_their_rows_and_no_others_share(shapes: list[tuple[int, int, int, int, int]]) -> None:
    prompts = sorted(
        tuple([1] * 40 + [2 + a] * more + [9 + b] * most + [50 + i] * tail)
        for i, (a, b, more, most, tail) in enumerate(shapes)
    )
    tree, paths = build(prompts, [len(prompt) for prompt in prompts])
    found = segments(paths, len(tree))
    for one in found:
        nodes = set(range(one.start, one.stop))
        for row, path in enumerate(paths):
            assert (nodes <= set(path.tolist())) == (one.first <= row < one.last), one
            assert nodes <= set(path.tolist()) or not nodes & set(path.tolist())
    for row in range(len(paths)):
        above = sorted(one.level for one in found if one.first <= row < one.last)
        assert above == list(range(len(above)))
    for level in range(len(found)):
        spans = [(one.first, one.last) for one in found if one.level == level]
        assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_a_long_common_prefix_is_one_segment_and_a_short_one_none() -> None:
    prompts = [tuple([5] * 200 + [7 + i]) for i in range(4)]
    _, paths = build(prompts, [len(prompt) for prompt in prompts])
    (one,) = segments(paths, 204)
    assert (one.start, one.stop, one.first, one.last, one.level) == (0, 200, 0, 4, 0)
    short = [tuple([5] * 8 + [7 + i]) for i in range(4)]
    assert segments(build(short, [9] * 4)[1], 12) == []


def test_a_loop_is_guessed_further_with_every_right_guess() -> None:
    draft = Draft([3, 1, 4, 1, 5])
    lengths = []
    for _ in range(6):
        guess = draft.guess(100, worth(8))
        lengths.append(len(guess))
        for token in guess or [9]:
            draft.append(token)
        draft.checked(len(guess), len(guess))
        for token in (2, 7, 1, 8):
            draft.append(token)
    assert lengths[-1] > 4
    loop = Draft([1, 2, 3, 1, 2, 3, 1])
    assert loop.guess(5, 0.01) == [2, 3, 1, 2, 3]
    assert loop.guess(1, 0.01) == [2]
    assert loop.guess(0, 0.01) == []


def test_guesses_stop_where_they_are_wrong_and_are_dearer_in_a_full_batch() -> None:
    draft = Draft([1, 2, 3, 1, 2])
    for _ in range(8):
        draft.checked(len(draft.guess(4, worth(64))), 0)
    assert draft.guess(4, worth(64)) == []
    assert worth(64) > worth(8) > worth(1) > 0


@pytest.mark.parametrize("family", ["llama", "gemma3", "gpt_neox"])
def test_a_batch_of_many_rows_gives_the_tokens_of_each_row_alone(family: str) -> None:
    encoder = support.tokenizer()
    inner = support.model(family, len(encoder), window=600)
    _, ours = support.pair(inner, encoder)
    chooser = np.random.default_rng(0)
    size = len(encoder)

    def some(count: int) -> list[int]:
        return [int(i) for i in chooser.integers(3, size, count)]

    head = some(60)
    scenes = [head + some(90) for _ in range(3)]
    prompts = [tuple(scene + some(int(n))) for scene in scenes for n in chooser.integers(1, 30, 12)]
    prompts += [tuple(some(20) * 6), prompts[0]]  # a loop, and a prompt twice
    limits = [int(n) for n in chooser.integers(1, 70, len(prompts))]
    batch = [Generation(p, limit, frozenset({1}), ()) for p, limit in zip(prompts, limits, strict=True)]
    fed = ours._cost.tokens_fed
    generate(ours._runner(), encoder, list(batch), budget=128)
    for one in batch:
        own = inner.generate(
            torch.tensor([one.prompt]), max_new_tokens=one.limit, do_sample=False, pad_token_id=2, eos_token_id=1
        )
        assert one.tokens == own[0, len(one.prompt) :].tolist()
    # Tokens of the tree and one pass a token: more were fed, which were guesses.
    unique = len(build(prompts, [1] * len(prompts))[0])
    assert ours._cost.tokens_fed - fed > unique + sum(len(one.tokens) - 1 for one in batch)


def test_batches_keep_neighbours_together_within_the_memory_for_keys_and_values() -> None:
    encoder = support.tokenizer()
    inner = support.model("llama", len(encoder))
    requests = [(tuple([5] * 100 + [7 + i % 50] * 20), 16) for i in range(300)]
    found = batches(inner, requests)
    assert sorted(i for batch in found for i in batch) == list(range(300))
    assert max(map(len, found)) <= 128
    assert [requests[i] for batch in found for i in batch] == sorted(requests)
    assert batches(inner, []) == []
