"""vLLM's plug-in against the interface of Model Runner V2, with real tensors (`make engines`).

vLLM itself needs an accelerator; its interface is played here: the base class, a
request's parameters, the token history by slot, and the layout of a batch.
"""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="make engines")

from audit.core.errors import ConfigError, InputMissing  # noqa: E402
from audit.documents import MarkProfile, RegisteredKey  # noqa: E402
from audit.watermark import LocalRoot, derive_epoch, write_engine_key  # noqa: E402
from audit.watermark.mark import Streams, follow, log10_designated, presence  # noqa: E402

SIZE, SLOTS, PROMPT, LONGEST = 4000, 4, 5, 400
DIGEST = "sha256:" + "1" * 64
KEYS = derive_epoch(LocalRoot(b"r" * 32), DIGEST, "2026")
LINE = RegisteredKey(
    key_id=KEYS.key_id, epoch="2026", model_id="acme/one", model_digest=DIGEST,
    tokenizer_digest=DIGEST, profile=MarkProfile(), valid_from_ns=1, valid_until_ns=2,
)  # fmt: skip
STREAMS = Streams(MarkProfile(), KEYS.pilot, KEYS.payload)
TAG = b"tag-48"


class Interface:
    """The base class as vLLM has it."""

    def __init__(self, vllm_config, req_states) -> None:
        pass


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    name = "vllm.v1.worker.gpu.sample.logits_processor"
    module = ModuleType(name)
    module.LogitsProcessor = Interface
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "audit.watermark.engines._vllm", raising=False)
    monkeypatch.setenv("AUDIT_ENGINE_KEYS", str(tmp_path))
    write_engine_key(tmp_path, LINE, KEYS)
    from audit.watermark.engines import _vllm

    yield _vllm
    sys.modules.pop("audit.watermark.engines._vllm", None)


class Runner:
    """Slots, their tokens, and one step after another."""

    def __init__(self, plugin) -> None:
        self.tokens = torch.zeros((SLOTS, LONGEST), dtype=torch.int32)
        self.total = torch.zeros(SLOTS, dtype=torch.int32)
        self.prompt = np.full(SLOTS, PROMPT, dtype=np.int32)
        states = SimpleNamespace(
            all_token_ids=SimpleNamespace(gpu=self.tokens),
            total_len=SimpleNamespace(gpu=self.total),
            prompt_len=SimpleNamespace(np=self.prompt),
        )
        self.processor = plugin.MarkProcessor(None, states)
        self.random = torch.Generator().manual_seed(1)

    def add(self, slot: int, *, written=(), **params) -> bool:
        given = {"temperature": 1.0, "top_p": 0.95, "top_k": 50, "min_p": 0.0, "extra_args": None}
        self.tokens[slot, PROMPT : PROMPT + len(written)] = torch.tensor(written, dtype=torch.int32)
        self.total[slot] = PROMPT + len(written)
        values = SimpleNamespace(**(given | params))
        type(self.processor).validate_params(values)
        return self.processor.add_request(slot, values)

    def step(self, slots, drafts: int = 0):
        rows = [(slot, offset) for slot in slots for offset in range(drafts + 1)]
        logits = torch.randn((len(rows), SIZE), generator=self.random) * 3
        before = logits.clone()
        context = SimpleNamespace(
            expanded_idx_mapping=torch.tensor([slot for slot, _ in rows]),
            expanded_local_pos=torch.tensor([offset for _, offset in rows]),
        )
        out = self.processor.apply(logits, context)
        chances = torch.softmax(out, dim=-1)
        drawn = torch.multinomial(chances, 1, generator=self.random)[:, 0]
        for (slot, offset), token in zip(rows, drawn.tolist(), strict=True):
            if offset == 0:
                self.tokens[slot, self.total[slot]] = token
                self.total[slot] += 1
        return before, out

    def written(self, slot: int) -> np.ndarray:
        return self.tokens[slot, PROMPT : int(self.total[slot])].numpy().astype(np.int64)


MARKED = {"extra_args": {"audit_key": KEYS.key_id, "audit_tag": TAG.hex()}}


def test_marked_and_other_requests_share_a_batch(plugin) -> None:
    runner = Runner(plugin)
    assert runner.add(0, **MARKED) is True
    assert runner.add(2) is False
    assert runner.add(3, temperature=0.0, **MARKED) is False
    for number in range(200):
        slots = [2, 0, 3] if number % 2 else [0, 3, 2]
        before, out = runner.step(slots)
        assert torch.equal(out[slots.index(2)], before[slots.index(2)])
        assert torch.equal(out[slots.index(3)], before[slots.index(3)])
        assert int((out[slots.index(0)] > -torch.inf).sum()) == 1
    assert log10_designated(follow(runner.written(0), STREAMS), TAG) < -6
    assert presence(follow(runner.written(2), STREAMS)).log10_p > -3


def test_a_slot_that_is_used_again_starts_anew(plugin) -> None:
    runner = Runner(plugin)
    runner.add(1, **MARKED)
    runner.step([1])
    assert runner.add(1) is False
    before, out = runner.step([1])
    assert torch.equal(before, out)


def test_a_request_that_comes_back_goes_on_where_it_was(plugin) -> None:
    runner = Runner(plugin)
    runner.add(0, **MARKED)
    for _ in range(90):
        runner.step([0])
    first = runner.written(0).tolist()
    runner.add(3, written=first, **MARKED)  # preempted, and resumed in another slot
    for _ in range(110):
        runner.step([3])
    whole = runner.written(3)
    assert whole[:90].tolist() == first
    assert log10_designated(follow(whole, STREAMS), TAG) < -12
    assert log10_designated(follow(whole[90:], STREAMS), TAG) < -6


def test_rows_of_drafts_are_not_drawn_by_key_and_the_first_row_is(plugin) -> None:
    runner = Runner(plugin)
    runner.add(0, **MARKED)
    for _ in range(150):
        before, out = runner.step([0], drafts=2)
        assert torch.equal(before[1:], out[1:])
    assert log10_designated(follow(runner.written(0), STREAMS), TAG) < -6


def test_truncation_is_the_request_s(plugin) -> None:
    runner = Runner(plugin)
    runner.add(0, **MARKED, top_k=1)
    before, out = runner.step([0])
    assert int(out[0].argmax()) == int(before[0].argmax())
    runner.add(1, **MARKED, min_p=1.0)
    before, out = runner.step([1])
    assert int(out[0].argmax()) == int(before[0].argmax())


@pytest.mark.parametrize(
    "extra",
    [{"audit_key": KEYS.key_id}, {"audit_tag": "00"}, {"audit_key": "x", "audit_tag": "00"},
     {"audit_key": KEYS.key_id, "audit_tag": 5}],
)  # fmt: skip
def test_half_a_wish_is_refused_at_admission(plugin, extra) -> None:
    with pytest.raises(ValueError, match="audit_"):
        Runner(plugin).add(0, extra_args=extra)


def test_a_key_that_is_not_there_and_a_folder_that_is_not_named(plugin, monkeypatch) -> None:
    runner = Runner(plugin)
    with pytest.raises(InputMissing):
        runner.add(0, extra_args={"audit_key": "0" * 16, "audit_tag": TAG.hex()})
    monkeypatch.setenv("AUDIT_ENGINE_KEYS", "")
    with pytest.raises(ConfigError, match="names no folder"):
        Runner(plugin)
