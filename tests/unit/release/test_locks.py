"""Lock files: what would make another environment is named, whatever the format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.errors import ConfigError
from audit.release.locks import FORMATS, compare_locks, read_lock

A, B = "a" * 64, "b" * 64
CONDA = f"""\
version: 1
metadata:
  content_hash: {{linux-64: abc, osx-arm64: def}}
  channels: [{{url: conda-forge, used_env_vars: []}}]
  platforms: [linux-64, osx-arm64]
  sources: [environment.yml]
package:
  - name: numpy
    version: 1.26.4
    manager: conda
    platform: linux-64
    dependencies: {{python: ">=3.11"}}
    url: https://conda.anaconda.org/conda-forge/linux-64/numpy-1.26.4-py311h64a7726_0.conda
    hash: {{md5: 0123456789abcdef0123456789abcdef, sha256: {A}}}
    category: main
    optional: false
  - name: numpy
    version: 1.26.4
    manager: conda
    platform: osx-arm64
    dependencies: {{}}
    url: https://conda.anaconda.org/conda-forge/osx-arm64/numpy-1.26.4-py311h7125741_0.conda
    hash: {{md5: 0123456789abcdef0123456789abcdef, sha256: {B}}}
"""
UV = f"""\
version = 1
requires-python = ">=3.11"

[[package]]
name = "mine"
version = "0.1.0"
source = {{ editable = "." }}

[[package]]
name = "torch"
version = "2.5.1"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [{{ url = "https://files.example/torch.whl", hash = "sha256:{A}", size = 1 }}]
"""
PYLOCK = f"""\
lock-version = "1.0"
created-by = "pip"

[[packages]]
name = "torch"
version = "2.5.1"
wheels = [{{ name = "t.whl", url = "https://files.example/t.whl", hashes = {{ sha256 = "{A}" }} }}]
"""
POETRY = f"""\
[[package]]
name = "torch"
version = "2.5.1"
files = [{{ file = "torch.whl", hash = "sha256:{A}" }}]

[metadata]
content-hash = "x"
"""
PIP = f"torch[cuda]==2.5.1 ; python_version >= '3.11' \\\n    --hash=sha256:{A}  # why\n"
EXPLICIT = (
    f"# platform: linux-64\n@EXPLICIT\nhttps://c.example/numpy-1.26.4-py311_0.conda#sha256:{A}\n"
)
GOOD = {
    "pip": ("requirements.lock", PIP),
    "conda-lock": ("conda-lock.yml", CONDA),
    "conda-explicit": ("conda-linux-64.lock", EXPLICIT),
    "uv": ("uv.lock", UV),
    "pylock": ("pylock.toml", PYLOCK),
    "poetry": ("poetry.lock", POETRY),
}


def read(name: str, text: str) -> tuple[str, ...]:
    return read_lock(text.encode(), source=f"somewhere/{name}").problems


@pytest.mark.parametrize("form", FORMATS)
def test_a_good_lock_file_of_every_format_has_packages_and_no_problem(form: str) -> None:
    name, text = GOOD[form]
    lock = read_lock(text.encode(), source=name)
    assert (lock.format, lock.problems) == (form, ())
    assert lock.packages


@pytest.mark.parametrize("form", FORMATS)
def test_a_package_without_its_sha256_is_named_in_every_format(form: str) -> None:
    name, text = GOOD[form]
    for spelling in (f"--hash=sha256:{A}", f"sha256: {A}", f"sha256:{A}", f'sha256 = "{A}"'):
        text = text.replace(spelling, spelling.replace("sha256", "sha1").replace(A, A[:40]))
    assert any(problem.endswith("no sha256") for problem in read(name, text)), text


@pytest.mark.parametrize(
    ("form", "old", "new", "problem"),
    [
        ("conda-lock", "https://conda", "http://conda", "fetched from http://conda.anaconda.org"),
        ("conda-lock", "linux-64: abc, ", "", "content_hash has none for linux-64"),
        ("conda-lock", "platforms: [linux-64, osx-arm64]", "platforms: []", "names no platform"),
        ("conda-lock", "[linux-64, osx-arm64]", "[linux-64, osx-arm64, win-64]", "win-64"),
        (
            "conda-lock",
            "platforms: [linux-64, osx-arm64]",
            "platforms: [linux-64]",
            "does not name",
        ),
        ("conda-lock", A, A[:63], "is not a sha256"),
        ("conda-explicit", "https://c", "http://c", "which is not https"),
        ("pip", "torch[cuda]==2.5.1", "torch[cuda]>=2.5.1", "no exact version"),
        ("pip", "torch[cuda]==2.5.1", "torch[cuda]==2.*", "no exact version"),
        ("pip", "torch[cuda]", "-r other.txt\ntorch[cuda]", "which the digest does not cover"),
        ("pip", "torch[cuda]", "-e .\ntorch[cuda]", "a folder that may change"),
        ("pip", "torch[cuda]", "--index-url http://u:secret@i.example/\ntorch", "http://i.example"),
        ("pip", "torch[cuda]", "--trusted-host i.example\ntorch", "--trusted-host"),
        ("pip", "torch[cuda]", "git+https://h.example/x.git\ntorch", "no sha256"),
        ("uv", 'registry = "https://pypi.org/simple"', 'git = "https://h/x"', "from its git"),
        ("uv", 'editable = "."', 'editable = "../other"', "from its editable"),
        ("uv", "https://files", "http://files", "fetched from http://files.example"),
        ("pylock", "https://files", "ftp://files", "which is not https"),
    ],
)
def test_what_makes_another_environment_is_named(
    form: str, old: str, new: str, problem: str
) -> None:
    name, text = GOOD[form]
    assert old in text
    found = read(name, text.replace(old, new))
    assert any(problem in one for one in found), found
    assert "secret" not in str(found)


def test_an_explicit_list_under_the_name_of_the_other_kind_is_said_by_name() -> None:
    (problem,) = read("conda-lock.yml", EXPLICIT)
    assert problem == "conda-lock.yml holds an explicit list, not a conda-lock.yml (kind `lock`)"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("conda-lock.yml", "a: 1\n"),
        ("conda-lock.yml", "metadata: {}\npackage: [x]\n"),
        ("conda-lock.yml", "a: *b\n"),
        ("uv.lock", "version = 1\n"),
        ("uv.lock", "= ="),
        ("pylock.toml", "packages = [1]\n"),
        ("requirements.lock", "torch=='"),
    ],
)
def test_what_is_no_lock_file_is_refused(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read(name, text)


@pytest.mark.parametrize("name", ["requirements.lock", "conda-linux-64.lock"])
def test_a_lock_file_of_nothing_locks_nothing(name: str) -> None:
    assert read(name, "# nothing\n") == ("no package is locked",)


def test_a_lock_file_that_is_too_large_or_not_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most"):
        read_lock(b"#" * (5 << 20), source="requirements.lock")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_lock(b"\xff", source="requirements.lock")


@given(st.sampled_from(sorted(GOOD)), st.text(max_size=40), st.integers(0, 400))
def test_any_text_is_read_as_a_lock_or_refused(form: str, junk: str, at: int) -> None:
    name, text = GOOD[form]
    try:
        read(name, text[:at] + junk + text[at:])
    except ConfigError:
        return


def test_another_hash_under_the_same_version_is_told_from_an_upgrade() -> None:
    pip = "{}=={} --hash=sha256:{}\n"
    before = pip.format("torch", "2.5.1", A) + pip.format("peft", "0.13", A) + pip.format("x", 1, A)
    after = pip.format("Torch", "2.5.1", B) + pip.format("peft", "0.14", B) + pip.format("y", 1, A)
    old, new = (read_lock(text.encode(), source="r.lock") for text in (before, after))
    assert [(one.kind, one.package) for one in compare_locks(old, new)] == [
        ("version", "peft"),
        ("hash", "torch 2.5.1"),
        ("removed", "x"),
        ("added", "y"),
    ]
    assert compare_locks(old, old) == []
