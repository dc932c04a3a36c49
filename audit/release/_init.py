"""Start a release: new keys, a policy that trusts them, and a RELEASE.toml to fill in."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

from audit.core.errors import UsageError
from audit.core.files import make_folder, write_whole
from audit.core.resources import shelf
from audit.sign import generate_key, generate_note_key


@dataclass(frozen=True, slots=True)
class Started:
    """What was written, and the two keys' public names."""

    recipe: Path
    policy: Path
    key_id: str
    vkey: str
    serve: Path


def init(folder: Path, *, model_id: str, log_name: str) -> Started:
    """Write keys, policy.yaml, RELEASE.toml and serve.yaml to `folder`; what is there stays.

    The folder of the keys tells git to leave them alone.

    `log_name` is the origin of the ledger's checkpoints (C2SP tlog-checkpoint).

    Raises:
        UsageError: one of the files is there already.
        StorageFailed: the folder cannot be written.
    """
    keys = folder / "keys"
    recipe, policy = folder / "RELEASE.toml", folder / "policy.yaml"
    private, public, ledger = (keys / n for n in ("release.key", "release.pub", "ledger.key"))
    serve, ignored = folder / "serve.yaml", keys / ".gitignore"
    for path in (recipe, policy, serve, private, public, ledger):
        if path.exists():
            raise UsageError(f"{path} is there already", hint="name another folder")
    make_folder(keys)
    key_id = generate_key(private, public)
    vkey = generate_note_key(ledger, name=log_name)
    pem = "\n".join("        " + line for line in public.read_text("ascii").splitlines())
    _fill("release.template.yaml", policy, {"pem": pem, "vkey": f'"{vkey}"'})
    _fill("RELEASE.template.toml", recipe, {"model_id": model_id})
    _fill("serve.template.yaml", serve, {})
    if not ignored.exists():
        with write_whole(ignored) as file:
            file.write(b"*.key\n")
    return Started(recipe, policy, key_id, vkey, serve)


def _fill(template: str, path: Path, values: dict[str, str]) -> None:
    text = shelf("policies").joinpath(template).read_text("utf-8")
    with write_whole(path) as file:
        file.write(Template(text).substitute(values).encode("utf-8"))
