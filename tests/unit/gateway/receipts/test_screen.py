"""Requests: what would switch the mark off is taken out and recorded, or refused."""

from typing import Any

import pytest

from audit.gateway.receipts import Denied, ReceiptPolicy, screen

ASK = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "temperature": 0.8}
STRIP, REFUSE = ReceiptPolicy(), ReceiptPolicy(opt_outs="refuse", logit_bias="refuse")
OPT_OUTS = [
    ("watermarking", False), ("watermark", {"key": "00"}), ("use_beam_search", True),
    ("beam_width", 4), ("num_beams", 4), ("logits_processors", ["x"]),
    ("custom_logit_processor", "x"), ("vllm_xargs", {"a": 1}), ("custom_params", {"a": 1}),
    ("samplers", ["greedy"]), ("logit_bias", {"1": 5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OPT_OUTS)
def test_an_opt_out_is_taken_out_and_recorded(name: str, value: Any) -> None:
    found = screen({**ASK, name: value}, STRIP)
    assert found.request == ASK
    assert found.overridden == (name.replace("_", "-"),)


@pytest.mark.parametrize(("name", "value"), OPT_OUTS)
def test_a_strict_policy_refuses_an_opt_out(name: str, value: Any) -> None:
    with pytest.raises(Denied, match=name) as caught:
        screen({**ASK, name: value}, REFUSE)
    assert caught.value.kind == "mark_required"


@pytest.mark.parametrize(
    ("name", "value"),
    [("watermarking", True), ("beam_width", 1), ("use_beam_search", False), ("logit_bias", {})],
)
def test_a_field_that_touches_nothing_stays(name: str, value: Any) -> None:
    found = screen({**ASK, name: value}, REFUSE)
    assert found.request == {**ASK, name: value}
    assert not found.changed


@pytest.mark.parametrize("more", [{"temperature": 0}, {"temperature": 1e-6}, {"top_k": 1}])
def test_greedy_is_allowed_raised_or_refused(more: dict[str, Any]) -> None:
    asked = {**ASK, **more}
    assert screen(asked, ReceiptPolicy(greedy="allow")).is_greedy
    raised = screen(asked, ReceiptPolicy(greedy="raise"))
    assert not raised.is_greedy
    assert raised.request["temperature"] == 0.3
    assert "top_k" not in raised.request
    assert raised.overridden == ("temperature",)
    assert raised.sampling.temperature == "0.3"
    with pytest.raises(Denied, match="temperature"):
        screen(asked, ReceiptPolicy(greedy="refuse"))


@pytest.mark.parametrize("more", [{"n": 2}, {"best_of": 3}, {"n": "2"}])
def test_several_answers_to_one_request_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Denied, match="one answer"):
        screen({**ASK, **more}, STRIP)


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": "0"}, {"temperature": True}, {"temperature": -1}, {"top_p": [1]},
        {"temperature": float("inf")}, {"top_p": float("nan")}, {"top_k": 10**9},
    ],
)  # fmt: skip
def test_a_number_that_means_nothing_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(Denied, match=r"number|below 0"):
        screen({**ASK, **more}, STRIP)


def test_logit_bias_can_be_allowed_for_engines_that_keep_their_processors() -> None:
    found = screen({**ASK, "logit_bias": {"1": 2}}, ReceiptPolicy(logit_bias="allow"))
    assert found.request["logit_bias"] == {"1": 2}


def test_the_sampling_of_a_request_is_written_down_without_floats() -> None:
    sampling = screen({**ASK, "top_p": 0.95, "top_k": -1}, STRIP).sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == ("0.8", "0.95", 0)
