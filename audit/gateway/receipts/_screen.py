"""Looking through a request for what would switch the mark off.

A client's field never decides whether an answer is marked: it is taken out and
recorded in the receipt, or the request is refused, as the policy says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.documents import Sampling, decimal_text
from audit.gateway.receipts._policy import ReceiptPolicy

_LEAST_CHOICE = 1e-5  # vLLM takes temperatures below this as greedy
_OPT_OUTS: Mapping[str, Callable[[Any], bool]] = {
    "watermarking": lambda value: value is not True,
    "watermark": lambda _: True,
    "use_beam_search": bool,
    "beam_width": lambda value: value != 1,
    "num_beams": lambda value: value != 1,
    "logits_processors": bool,
    "logits_processor": bool,
    "custom_logit_processor": bool,
    "vllm_xargs": bool,
    "custom_params": bool,
    "samplers": lambda _: True,
    "grammar_lazy": bool,
}
"""Fields of vLLM, SGLang, TGI and llama.cpp, and the values that touch the mark."""
_MANY = ("n", "best_of")


class Denied(Exception):  # noqa: N818
    """A request the policy refuses; `kind` is a short code for the client."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Screened:
    """A request that may go on, and what was changed in it."""

    request: dict[str, Any]
    sampling: Sampling
    is_greedy: bool
    overridden: tuple[str, ...] = ()
    changed: bool = field(default=False)


def screen(request: Mapping[str, Any], policy: ReceiptPolicy) -> Screened:
    """Return the request as it may go on.

    Raises:
        Denied: the policy refuses what it asks for, or a field is no number.
    """
    kept = dict(request)
    overridden = []
    for name in _MANY:
        if kept.get(name) not in (None, 1):
            raise Denied("one_answer", "one request gives one answer with one receipt")
    for name, touches in _OPT_OUTS.items():
        if name in kept and kept[name] is not None and touches(kept[name]):
            _refuse_if(policy.opt_outs == "refuse", name)
            del kept[name]
            overridden.append(_code(name))
    if kept.get("logit_bias") and policy.logit_bias != "allow":
        _refuse_if(policy.logit_bias == "refuse", "logit_bias")
        del kept["logit_bias"]
        overridden.append("logit-bias")
    is_greedy = _is_greedy(kept)
    if is_greedy and policy.greedy != "allow":
        _refuse_if(policy.greedy == "refuse", "temperature")
        kept["temperature"] = float(policy.least_temperature)
        kept.pop("top_k", None)
        overridden.append("temperature")
        is_greedy = False
    return Screened(kept, _sampling(kept), is_greedy, tuple(overridden), bool(overridden))


def _refuse_if(refused: bool, name: str) -> None:  # noqa: FBT001
    if refused:
        raise Denied("mark_required", f"{name} would leave the answer without its mark")


def _is_greedy(request: Mapping[str, Any]) -> bool:
    return _number(request, "temperature", 1.0) < _LEAST_CHOICE or request.get("top_k") == 1


def _sampling(request: Mapping[str, Any]) -> Sampling:
    top_k = int(_number(request, "top_k", 0.0))
    return Sampling(
        temperature=decimal_text(_number(request, "temperature", 1.0)),
        top_p=decimal_text(_number(request, "top_p", 1.0)),
        top_k=max(0, top_k),  # some engines write -1 for no limit
    )


def _number(request: Mapping[str, Any], name: str, default: float) -> float:
    value = request.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1e6:
        raise Denied("bad_number", f"{name} is not a number that means anything")
    if name != "top_k" and value < 0:
        raise Denied("bad_number", f"{name} is below 0")
    return float(value)


def _code(name: str) -> str:
    return name.replace("_", "-")
