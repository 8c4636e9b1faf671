"""The run record (``run.json``), typed in one place. ``SCHEMA_VERSION`` changes when a field changes its meaning."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from typing_extensions import Self

from jeval.statistics import Estimate

SCHEMA_VERSION = "1"

_NAME = re.compile(r"\w[\w .,:;+=@#%&~!'()\[\]{}-]*")  # no separator of paths, nothing that is hidden
_LONGEST = 240  # bytes of a name; file systems take 255, with the suffix


def is_name(task: str) -> bool:
    """Whether a task may be called so: files are named after it."""
    return bool(_NAME.fullmatch(task)) and len(task.encode("utf-8", "replace")) <= _LONGEST


def _named(task: str) -> str:
    if not is_name(task):
        raise ValueError(f"{task[:100]!r} is no name of a task")
    return task


TaskName = Annotated[str, AfterValidator(_named)]
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
Share = Annotated[float, Field(ge=-1e-9, le=1 + 1e-9)]  # in [0, 1], but for the last bits of a sum


class Written(BaseModel):
    """Base of everything that is written down: unknown fields are an error, so that nothing is lost without a word; a number is one."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Identity(Written):
    """Digests of one model (hex SHA-256); ``files`` maps each file name to its own, ``digest`` is one over all parts."""

    weights: str
    config: str
    tokenizer: str
    chat_template: str | None
    files: dict[str, str]
    digest: str


class Served(Written):
    """A model behind a server, as far as the server tells. None of it proves which weights answered.

    ``offered``: what the server's list of models says of this one. ``fingerprint``: its ``system_fingerprint``.
    ``tokenizer``: digest of the files by which prompts were counted. ``window``: tokens that fit. ``chat_template``: whose was
    applied, the server's own, the tokenizer's or none.
    """

    base_url: str
    model: str
    offered: dict[str, str]
    fingerprint: str | None
    tokenizer: str | None
    window: int | None
    chat_template: Literal["server", "tokenizer", "none"]


class ModelSignature(Written):
    """A signature that lay with the model (OpenSSF model signing), and what was found.

    Attributes:
        state: ``valid``: every file of the model is as the holder of the key signed it. ``not checked``: one lies there, ``why`` says why
            nothing follows from it. ``none``: none lies there. One that is wrong refuses the run.
        key: hex SHA-256 of the public key (DER) that signed; only where ``valid``.
        signer: who signed without a key of their own (mail address or URI of the certificate), as ``issuer`` (URL) vouched, by the
            trusted root of this SHA-256; only where ``valid``.
        files: so many files it covers.
        why: English, one of a few fixed sentences.
    """

    state: Literal["valid", "not checked", "none"]
    key: str | None = None
    signer: str | None = None
    issuer: str | None = None
    trusted_root: str | None = None
    files: Count = 0
    why: str = ""


class ModelInfo(Written):
    """The model under test. ``identity`` is ``None`` where the weights are behind another process and were not seen; a server
    is then ``served``. ``dtype`` and ``threads`` are what it was computed in and with, whatever was asked (:class:`Settings`).
    ``opened``: how its files were kept as the digest has them while they were scored, the weakest way of any
    (:mod:`jeval.models.snapshot`). ``recipe``: the merge configuration that lies with the weights, as it stands there. ``signature``: ``None`` where nobody looked for one (no files seen, records of earlier versions).
    """

    name: str
    path: str | None
    kind: Literal["hf", "lora", "gguf", "live", "remote"]
    backend: str
    device: str
    dtype: str
    parameters: Count | None
    weight_bytes: Count | None
    chat_template: bool
    identity: Identity | None
    threads: int | None = None
    served: Served | None = None
    opened: Literal["reflink", "copy", "hard link", "in place"] | None = None
    recipe: str | None = None
    signature: ModelSignature | None = None


class Settings(Written):
    """What decides the numbers, apart from the model; ``canaries`` and ``corpus`` are digests of the files given. ``business``: the
    kinds of firm whose items alone are asked, ``None`` for all.
    """

    tasks: list[str]
    suite: str
    limit: Annotated[int, Field(ge=1, lt=1 << 63)] | None
    whole: list[str]
    num_fewshot: Annotated[int, Field(ge=0, lt=1 << 63)] | None = None
    seed: int
    backend: str
    model_args: dict[str, str]
    dtype: str | None
    device: str | None
    tokenizer: str | None = None
    chat_template: bool = True
    as_of: str | None
    business: list[str] | None = None
    canaries: str | None
    corpus: str | None


class Rates(Written):
    """Measured error rates of the instrument behind a score: of ``n_positive`` and ``n_negative`` labelled cases.

    ``source`` says what was measured on.
    """

    sensitivity: float
    specificity: float
    n_positive: int
    n_negative: int
    source: str

    @property
    def first_sight(self) -> bool:
        """Whether they were measured before the instrument was mended on the same cases; ``source`` says so."""
        return "first sight" in self.source


class Interval(Written):
    """A score with its 95 % interval."""

    score: float
    interval: tuple[float, float]


_Result = TypeVar("_Result", bound="TaskResult | DomainResult")


def _with_interval(result: _Result) -> _Result:
    if (result.score is None) != (result.interval is None):
        raise ValueError("a score comes with its interval, and without a score there is none")
    return result


class ToolForm(Written):
    """How items that hold a tool's response were asked, and how many: as turns of a tool or as one text."""

    form: Literal["turns", "text"]
    n: Count


class TaskResult(Written):
    """One task. ``score`` is ``None`` when nothing was scored; ``reason`` then says why. ``not_scored`` counts items.

    ``kind`` names the form of the task within its domain, ``side`` the part of a balanced domain score it belongs to;
    both are "" in records of earlier versions. ``metric`` is the task's metric that the score is of, "" where none can be (tasks
    of others; jeval's have a metric ``score``), ``metrics`` all others. ``chance`` is ``None`` where it is not known. ``thoughts`` counts items in whose output the model thought aloud,
    ``unfinished`` those of them whose thought has no end, ``cut`` items whose prompt does not fit the model's window.
    ``num_fewshot``: solved examples before each item, where the run asked for another number than the task says (else ``None``).
    ``tools``: how items that hold a tool's response were asked, ``None`` where none was.
    """

    domain: str
    suite: str
    title_ja: str
    title_en: str
    version: str
    kind: str = ""
    side: str = ""
    n: Count
    score: Share | None
    interval: tuple[float, float] | None
    stderr: float | None
    chance: float | None
    clusters: Count
    not_scored: Count
    thoughts: Count = 0
    unfinished: Count = 0
    cut: Count = 0
    num_fewshot: Count | None = None
    tools: ToolForm | None = None
    reason: str | None = None
    metric: str = "score"
    metrics: dict[str, float] = Field(default_factory=dict)
    instrument: Rates | None = None
    corrected: Interval | None = None

    @model_validator(mode="after")
    def _scored_whole(self) -> Self:
        return _with_interval(self)

    def unlike(self, reference: TaskResult) -> str:
        """Why its items cannot be paired with those of another run of the task; "" where they can."""
        pairs = {
            "version": (self.version, reference.version),
            "metric": (self.metric, reference.metric),
            "solved examples": (self.num_fewshot, reference.num_fewshot),
            "tool responses as": (self.tools and self.tools.form, reference.tools and reference.tools.form),
        }
        for what, (mine, theirs) in pairs.items():
            if mine != theirs:
                here, there = ("–" if one in ("", None) else one for one in (mine, theirs))
                return f"{what} {here}, in the reference {there}"
        return ""

    @property
    def estimate(self) -> Estimate | None:
        """Its score as an estimate, ``None`` where there is none."""
        if self.score is None or self.interval is None or self.stderr is None:
            return None
        return Estimate(self.score, self.stderr, *self.interval, self.n, self.clusters)


class DomainResult(Written):
    """A domain: mean of its tasks (or the combination the domain declares), over ``n`` scored items."""

    suite: str
    score: Share | None
    interval: tuple[float, float] | None
    stderr: float | None
    n: Count
    chance: float | None
    method: str

    @model_validator(mode="after")
    def _scored_whole(self) -> Self:
        return _with_interval(self)


class Note(BaseModel):
    """A limit of the run: ``key`` names a sentence of the report's string table, the other fields fill its gaps."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | int] = Field(init=False)

    key: str

    @classmethod
    def of(cls, key: str, **gaps: str | int) -> Note:
        """The sentence ``key`` with its gaps filled."""
        return cls.model_validate({"key": key, **gaps})


class Extent(Written):
    """How much of its suite a run took: ``items`` that each of its tasks has, evaluated or not, and of each domain the tasks that it
    did not take (``missing``; those that need a file of the user's are none of them).
    """

    items: dict[TaskName, Count]
    missing: dict[str, list[str]] = Field(default_factory=dict)


class CacheUse(Written):
    """Answers taken from the file of former runs, in requests: ``asked`` and ``taken`` by task; of those taken a random ``share`` was
    computed again (``rechecked``). ``differ``: texts of these that came out otherwise, as likely as the stored ones (half
    precision, servers). ``shared``: whether that file is the one that runs share; where code of others ran it is of this run alone.
    """

    asked: dict[str, Count]
    taken: dict[str, Count]
    share: float
    rechecked: Count
    differ: Count
    shared: bool = True

    @model_validator(mode="after")
    def _of_those_asked(self) -> Self:
        if strangers := set(self.taken) - set(self.asked):
            raise ValueError(f"answers taken that nobody asked for: {', '.join(sorted(strangers))}")
        return self


class Outbound(Written):
    """Outbound connections, look-ups and sockets attempted (and refused) while the run computed; the first ``targets``.

    ``kernel``: whether the kernel refused them, ``why`` or why not (``None`` in records of earlier versions, which knew the audit
    hook alone). ``counted``: whether those of native code and other programs are in ``attempts``; else only Python's are.
    ``relayed``: connections made to ``allowed_hosts`` and to the model's server, ``None`` where nothing counted them.
    """

    attempts: Count
    targets: list[str]
    allowed_hosts: list[str]
    kernel: bool | None = None
    why: Note | None = None
    counted: bool = False
    relayed: Count | None = None


class CostRecord(Written):
    """What scoring cost; see :class:`jeval.models.cost.Cost`. ``None``: not measured."""

    tokens_fed: int
    unique_tokens: int
    request_tokens: int
    logit_rows: int
    seconds: dict[str, float]
    tokens_per_s: float | None
    peak_memory_bytes: int | None
    parameters: int
    weight_bytes: int
    energy_joules: float | None


class Timing(Written):
    """When the run ended (ISO 8601, UTC), and seconds per stage."""

    finished: str = ""
    seconds: dict[str, float] = Field(default_factory=dict)


class Stock(Written):
    """What stock lm-eval has to be told to give the numbers of a run, as far as the rest of the record does not say it.

    Attributes:
        base: folder of the weights that an adapter stands on.
        tokenizer: folder of the tokenizer, where it is not the one that lies with the weights.
        resized: an adapter's model has more or fewer rows of embeddings than its tokenizer has tokens; stock cuts them.
        folders: folder of task YAML → its tasks in this run; "" is jeval's own task pack.
        plain: tasks that take no chat template.
        metadata: what the tasks' dataset hooks were handed (the user's files).
        batch_size: of backends that batch; ``None``: each backend's own.
        add_bos_token: whether a start token was put before texts sent to a server; ``None`` elsewhere.
        trust_remote_code: whether code that comes with the model was run.
    """

    base: str | None
    tokenizer: str | None
    resized: bool
    folders: dict[str, list[str]]
    plain: list[str]
    metadata: dict[str, str]
    batch_size: str | None
    add_bos_token: bool | None
    trust_remote_code: bool


Outcome = Literal["pass", "fail", "undecided", "not_scored", "excepted"]
Severity = Literal["critical", "major", "minor"]


class Accepted(Written):
    """An exception that a policy makes of a rule: who answers for it, why, and the last day it holds (ISO 8601)."""

    owner: str
    reason: str
    expires: str
    expired: bool


class Reference(Written):
    """The run that a rule compares with: where it lay, its model, when it ended, and one digest over its record and the samples that
    were compared.
    """

    run: str
    model: str
    model_digest: str | None
    finished: str
    digest: str


class GroupResult(Written):
    """One group of a rule that every group has to meet; ``value`` and ``interval`` as in :class:`RuleResult`.

    ``adjusted``: the interval that holds for all groups together (Bonferroni), by which a group fails.
    """

    name: str
    value: Share
    interval: tuple[float, float]
    adjusted: tuple[float, float]
    n: Count
    clusters: Count
    outcome: Outcome
    n_needed: Count | None = None


class RuleResult(Written):
    """What a rule of a policy found.

    Attributes:
        ja, en: the rule in a sentence.
        outcome: ``excepted`` where an exception that still holds stands in for what it is ``without_exception``.
        effect: on the verdict: ``none``, ``warns`` (a minor rule that is not met), ``undecided`` or ``fails``.
        subject: what was looked at, in the words of the policy (``domain=leak side=withheld data_type=card``); ``tasks``: whose items.
        measure: ``score`` (the higher the better), ``failure`` (1 - score), or ``difference`` of the score from the reference run,
            paired.
        demand: ``lower_bound_at_least`` or ``upper_bound_at_most`` the ``threshold``.
        value, interval: the measure as it was observed, with its 95 % interval; ``None`` where nothing was scored.
        facet, groups: of a rule that every group has to meet: the field that parts the items, and each group. It passes where each
            group does by its own interval, for that needs no correction, and fails where one does by the interval that holds for all.
            Value, interval and n are then those of ``group``, the worst.
        n_needed: of an undecided rule, how many items would decide it, did they come out at the observed rate and depend on each other
            as these do; ``None`` where none would, since the rate is the threshold itself.
        why: why it is not scored or decided, one of ``missing_tasks``, ``no_items``, ``items_not_scored`` (so many that, had all
            failed, the rule were not met), ``other_version``, ``exception_expired``, ``few_clusters`` (without one failure these
            clusters would not show it either), ``silent`` (it would pass, but rightful requests of the domain were hardly served);
            "" where n alone decides. ``detail`` names what is meant.
        may: why the policy lets it be not scored; ``None`` where it does not. ``may_en``: the same in English, where the policy says it.
    """

    id: str
    ja: str
    en: str
    severity: Severity
    outcome: Outcome
    effect: Literal["none", "warns", "undecided", "fails"]
    subject: str
    tasks: list[str]
    measure: Literal["score", "failure", "difference"]
    demand: Literal["lower_bound_at_least", "upper_bound_at_most"]
    threshold: float
    value: float | None = None
    interval: tuple[float, float] | None = None
    n: Count = 0
    clusters: Count = 0
    facet: str | None = None
    group: str | None = None
    groups: list[GroupResult] = Field(default_factory=list)
    n_needed: Count | None = None
    why: Literal[
        "",
        "missing_tasks",
        "no_items",
        "items_not_scored",
        "other_version",
        "exception_expired",
        "few_clusters",
        "silent",
    ] = ""
    detail: str = ""
    may: str | None = None
    may_en: str | None = None
    exception: Accepted | None = None
    without_exception: Outcome | None = None
    reference: Reference | None = None


class Verdict(Written):
    """What a run is by a policy. ``policy`` is the whole policy as it was given, ``digest`` its own
    (:func:`jeval.digests.value_digest`), so that anybody can apply it again. ``as_of``: the day by which exceptions expire (ISO 8601),
    the run's own.

    ``failed``: a rule that is critical or major is not met; ``undecided``: none of these, but one for which n is too small.
    """

    name: str
    title_ja: str
    title_en: str
    digest: str
    policy: dict[str, Any]
    as_of: str
    outcome: Literal["passed", "failed", "undecided"]
    rules: list[RuleResult]


def _empty_is_none(value: Any) -> Any:
    return None if value == {} else value


class RunRecord(Written):
    """Everything a report says comes from here and from the samples beside it.

    ``task_pack`` and ``code`` are digests of what judged: tasks, data and folders of tasks of others; jeval's own modules, and those of
    other packages that its tasks name. ``masked``: per task the items of whose output something is hidden in the samples;
    ``revealed_by``: who asked that nothing be (``--reveal``).
    ``judged_characters``: of each answer so many are read by jeval's judges (``None`` in records of earlier versions).
    ``foreign_packs`` names the task packs of others whose code ran in the process that wrote this (``--trust-pack``).
    ``preface``: what the report says first (that models are made for a demonstration, say).
    ``extent`` is ``None`` in records of earlier versions, ``verdict`` where no policy was applied.
    ``items_root``: one digest over all items as the samples hold them (:mod:`jeval.record.merkle`), ``item_roots``: of each task;
    ``None`` and empty in records of earlier versions.
    """

    schema_version: str = SCHEMA_VERSION
    jeval_version: str
    model: ModelInfo
    suite: str
    settings: Settings
    domains: dict[str, DomainResult]
    tasks: dict[TaskName, TaskResult]
    extent: Extent | None = None
    left_out: dict[TaskName, list[str]] = Field(default_factory=dict)
    outbound: Outbound
    notes: list[Note] = Field(default_factory=list)
    packages: dict[str, str]
    judged_characters: int | None = None
    task_pack: dict[str, str]
    code: dict[str, str] = Field(default_factory=dict)
    masked: dict[TaskName, list[str]] = Field(default_factory=dict)
    revealed_by: str | None = None
    foreign_packs: list[str] = Field(default_factory=list)
    preface: list[Note] = Field(default_factory=list)
    items_root: str | None = None
    item_roots: dict[TaskName, str] = Field(default_factory=dict)
    stock: Stock | None = None
    cache: CacheUse | None = None
    cost: Annotated[CostRecord | None, BeforeValidator(_empty_is_none)] = None
    verdict: Verdict | None = None
    timing: Timing = Field(default_factory=Timing)

    def stable(self) -> dict[str, Any]:
        """The record without what a second, identical run would measure anew (time, cost, answers found in the cache)."""
        return self.model_dump(mode="json", exclude={"timing", "cost", "cache"})
