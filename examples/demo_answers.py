"""The second act of `make demo`: the release answers, and its answers can be traced.

The gate admits the release once more, SmolLM2 answers over HTTP, and the text
that comes back is examined: as it is, edited, and beside a text nobody marked.
"""

import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

PHONE = "13812345678"
QUESTION = "Please tell me about the sea and the people who live by it."
HUMAN = (
    "My grandmother kept bees behind the house, and every autumn she gave each of us a jar with the year on it. "
    "We were not allowed to open it before the first snow. My brother always opened his on the way home and then "
    "ate from mine until spring. Years later I found three unopened jars in her cellar, one for every winter he "
    "had spent abroad; she had never said a word about them. The honey had gone hard and white as chalk by then, "
    "but it was still sweet, and we sat on the cellar steps with two spoons until the light outside was gone."
)
QUESTION_ZH = "请写一段关于大海的话。"
HUMAN_ZH = (
    "外婆家的院子里有一棵老枣树，每年中秋前后，她总要搭着梯子上去打枣。我们几个孩子在下面撑着床单接，枣子落下来砸在头上也不觉得疼。"
    "后来老屋拆了，树被邻居移到了河边，第二年居然又结了果。去年秋天我路过那里，枝头还挂着几颗，我踮起脚摘了一颗，放进口袋里一直没舍得吃，"
    "直到回家给母亲看，她尝了一口，说还是当年的味道。"
)
LEDGER = "sqlite:///out/ledger.db"
SETTINGS = """\
format: audit.serve/v1
max_tokens: 200
receipts:
  explicit: explicit-en-end
  producer: 001191440300708461136T1XGW3
"""


def play(shell: Any, artifact: str) -> None:
    """Serve, ask, and examine what was answered; `shell` is the first act's."""
    try:
        import_module("xllamacpp")
    except ImportError as reason:
        print(f"demo: the second act was skipped, nothing here can run the model: {reason}")
        return
    folder: Path = shell.folder
    (folder / "serve.yaml").write_text(SETTINGS, "utf-8")
    print(
        "# Second act: the release answers. Keys for marks and receipts, then the gate, then the server."
    )
    shell.audit("watermark", "init", "keys")
    with served(folder, artifact) as port:
        answer = long_answer(port)
        chinese = ask(port, QUESTION_ZH)
    examine(shell, answer, chinese)
    receipt_id = answer["audit"]["receipt_id"]
    print("# The receipt, checked offline against the text, and what the ledger says of it.")
    receipt = ("watermark", "receipt", "verify", receipt_id, "--shelf", "receipts.db")
    shell.audit(
        *receipt, "--key", "keys/receipt.pub", "--text", "answer.txt", "--ledger", LEDGER,
        show=("verified", "coverage"),
    )  # fmt: skip
    listed = shell.audit("ledger", "list", "--ledger", LEDGER, "--type", "response.served")
    if receipt_id not in listed:
        sys.exit("demo: the answer is not in the ledger")
    shell.audit("ledger", "verify", "--ledger", LEDGER)


def long_answer(port: int) -> dict[str, Any]:
    """Ask until the model has said enough to carry a mark; it may be short of words."""
    for _ in range(4):
        answer = ask(port, f"My number is {PHONE}. {QUESTION}")
        if PHONE in json.dumps(answer):
            sys.exit("demo: the number came back")
        if answer["audit"]["coverage"] == "marked" and answer["usage"]["completion_tokens"] > 120:
            return answer
        print(f"  {answer['audit']['coverage']}: too short to show; asked again")
    sys.exit("demo: the model gave four short answers")


def examine(shell: Any, answer: dict[str, Any], chinese: dict[str, Any]) -> None:
    """Ask for the verdict on the answers, on an edited copy, and on texts nobody marked."""
    text = answer["choices"][0]["message"]["content"]
    zh = chinese["choices"][0]["message"]["content"]
    print(f"  {answer['audit']['coverage']}: {text[:100].strip()}...")
    texts = {
        "answer.txt": (text, 0, "authentic"),
        "edited.txt": (text.replace(" the ", " not the ", 2), 10, "derived or altered"),
        "human.txt": (HUMAN, 10, "no evidence"),
        "chinese.txt": (zh, 0, "authentic"),
        "human-zh.txt": (HUMAN_ZH, 10, "no evidence"),
    }
    print("# The pasted text is traced to receipt and model; an edited copy is called altered.")
    for name, (content, code, verdict) in texts.items():
        (shell.folder / name).write_text(content, "utf-8")
        out = shell.audit(
            "watermark", "detect", name, "--key-registry", "keys.json", "--root-key", "keys/root.key",
            "--shelf", "receipts.db", "--key", "keys/receipt.pub", "--ledger", LEDGER, "--tokenizer", "model/SmolLM2-135M-Instruct.Q4_1.gguf",
            code=code, show=(verdict,) if verdict == "no evidence" else (verdict, "receipt ", "sha256:"),
        )  # fmt: skip
        if not out.startswith(verdict):
            sys.exit(f"demo: expected {verdict}\n{out}")


@contextlib.contextmanager
def served(folder: Path, artifact: str) -> Iterator[int]:
    """Run `audit release serve` while the block runs, and give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ("release", "serve", artifact, "--policy", "policy.yaml", "--config", "serve.yaml")
    print("$ audit " + " ".join(command).replace(artifact, artifact[:24] + "…"))
    log = (folder / "serve.log").open("w+")
    server = subprocess.Popen(
        [sys.executable, "-m", "audit", *command, "--port", str(port)],
        cwd=folder, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait(server, port)
        print("  " + (folder / "serve.log").read_text("utf-8").split("\n")[0][:60] + "…")
        yield port
    except TimeoutError:
        sys.exit(f"demo: the server did not start\n{(folder / 'serve.log').read_text('utf-8')}")
    finally:
        server.terminate()
        server.wait(30)
        log.close()


def wait(server: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise TimeoutError


def ask(port: int, question: str) -> dict[str, Any]:
    """Ask for one answer, sampled freely."""
    body = {"messages": [{"role": "user", "content": question}], "temperature": 1}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=300)) as client:
        client.request(
            "POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"}
        )
        response = client.getresponse()
        print(f"> {question}\n  X-Audit-Receipt: {response.headers['X-Audit-Receipt']}")
        value: dict[str, Any] = json.loads(response.read())
        return value
