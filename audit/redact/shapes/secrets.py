"""Keys, tokens, passwords, private keys, wallets."""

import re
from collections.abc import Callable

from audit.redact._types import Span
from audit.redact.shapes.shape import Shape, group_span
from audit.redact.validators.accounts import bitcoin

# What each issuer documents or ships as its token prefix.
_PREFIXES = (
    r"(?:AKIA|ASIA|ABIA|ACCA|AIDA|AROA)[A-Z0-9]{16}",
    r"gh[pousr]_[A-Za-z0-9]{36,255}",
    r"github_pat_[A-Za-z0-9_]{22,255}",
    r"gl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_\-]{20,255}",
    r"sk-(?:proj-|svcacct-|admin-|ant-[a-z0-9]{2,8}-|or-v1-)?[A-Za-z0-9_\-]{20,255}",
    r"hf_[A-Za-z0-9]{30,64}",
    r"xox[abeoprs]-[A-Za-z0-9\-]{10,255}",
    r"xapp-[0-9]-[A-Za-z0-9\-]{10,255}",
    r"(?:[rsp]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,255}",
    r"AIza[A-Za-z0-9_\-]{35}",
    r"ya29\.[A-Za-z0-9_\-]{20,255}",
    r"GOCSPX-[A-Za-z0-9_\-]{20,64}",
    r"LTAI[A-Za-z0-9]{12,28}",
    r"AKID[A-Za-z0-9]{32}",
    r"npm_[A-Za-z0-9]{36}",
    r"pypi-AgE[A-Za-z0-9_\-]{50,255}",
    r"dop_v1_[a-f0-9]{64}",
    r"SG\.[A-Za-z0-9_\-]{16,64}\.[A-Za-z0-9_\-]{16,64}",
    r"(?:secret|ntn)_[A-Za-z0-9]{40,64}",
    r"dapi[a-f0-9]{32}",
    r"hooks\.slack\.com/services/[A-Z0-9]{8,12}/[A-Z0-9]{8,12}/[A-Za-z0-9]{16,32}",
    r"glsa_[A-Za-z0-9]{32}_[a-f0-9]{8}",
    r"eyJ[A-Za-z0-9_\-]{10,8192}\.eyJ[A-Za-z0-9_\-]{10,8192}\.[A-Za-z0-9_\-]{0,8192}",
)
_SECRET = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_PREFIXES)})(?![A-Za-z0-9])")
_HINTS = (
    "AKIA ABIA ACCA AIDA AROA AKID ASIA ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- glptt- gldt- glrt- glcbt- glsoat- "
    "sk- hf_ xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp- k_live_ k_test_ whsec_ AIza ya29. GOCSPX- LTAI "
    "npm_ pypi- dop_v1_ SG. secret_ ntn_ dapi glsa_ eyJ hooks.slack"
).split()
_GATE = "|".join(
    (
        "AKIA|ASIA|ABIA|ACCA|AIDA|AROA|AKID|LTAI|AIza|GOCSPX-|ya29\\.|SG\\.|eyJ",
        "gh[pousr]_|github_pat_|gl[a-z]{2,4}-|sk-|hf_|xox[abeoprs]-|xapp-|[rsp]k_live_|[rsp]k_test_",
        "whsec_|npm_|pypi-|dop_v1_|secret_|ntn_|dapi|glsa_|hooks\\.slack",
    )
)
_PEM = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,10}(?:-----)?")
_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret(?:[_\- ]?(?:key|access[_\- ]?key))?|api[_\- ]?(?:key|secret|token)|"
    r"(?:access|auth|refresh|bearer|session|id|private|client|signing|account|storage|master|encryption|webhook)[_\- ]?(?:token|key|secret)|token|"
    r"credentials?|passwort|contraseña|mot de passe|密码|口令|密钥|密碼|验证码|驗證碼"
)
_ENDS = re.compile(rf"(?<![a-z])(?:{_WORDS})$")
_LAST = tuple(
    "password passwd pass passphrase passcode pwd secret key token credential credentials passwort contraseña "
    "de passe 密码 口令 密钥 密碼 验证码 驗證碼".split()
)
_PAIR = re.compile(
    r"(?:[:=：\x1f]|=>)[ ]?[\"'`]?(?!\*{3}|<[A-Z_]|[{$(\[])([^\s\"'`,;，。；}<>]{6,256})|[是为為] ?([!-~]{6,256})"
)
_SAID = re.compile(r" (?:is|was) [\"'`]?([^\s\"'`,;，。；}<>]{6,256})")
_BEARER = re.compile(
    r"(?:Bearer|Basic|Digest|ApiKey|Token) {1,4}([A-Za-z0-9+/_.~\-]{12,4096}={0,2})"
)
_BITCOIN = re.compile(
    r"[13bB](?<![A-Za-z0-9].)(?:(?<=b)c1[02-9ac-hj-np-z]{25,87}|(?<=B)C1[02-9AC-HJ-NP-Z]{25,87}|(?<=[13])[1-9A-HJ-NP-Za-km-z]{25,34})(?![A-Za-z0-9])"
)
_ETHEREUM = re.compile(r"0x(?<![A-Za-z0-9]0x)[0-9a-fA-F]{40}(?![A-Za-z0-9])")
_NOT_SECRET = frozenset(
    "required optional undefined invalid expired missing string password redacted".split()
)
_PLAIN_WORD = re.compile(r"[A-Za-z]+(?:[.:!?)\]]|$)")


_PAIR_HINTS = (
    "pass", "pwd", "secret", "key", "token", "credential", "contraseña", "密码", "口令", "密钥", "密碼", "验证码", "驗證碼",
)  # fmt: skip
_SAID_HINTS = (" is ", " was ")
_PAIR_GATE = (
    r"(?i)(?:pass(?:word|wd|phrase|code)?|pwd|secret|key|token|credentials?|passwort|contraseña|passe"
    r"|密码|口令|密钥|密碼|验证码|驗證碼)"
)


def _pair(match: re.Match[str]) -> Span | None:
    """A value behind a word for secret; a plain word after `the token is` is prose."""
    group = match.lastindex or 1
    value = match.group(group)
    head = match.string[max(0, match.start() - 28) : match.start()].casefold().rstrip(" \"'`")
    if not head.endswith(_LAST) or _ENDS.search(head) is None or not value.isascii():
        return None
    if (match.re is _SAID or len(value) < 8) and _PLAIN_WORD.fullmatch(value):
        return None
    if value.casefold() in _NOT_SECRET:
        return None
    return group_span(match, group, "SECRET", 0.75)


def _keys(text: str, emit: Callable[[Span], object]) -> None:
    """Private keys; where an end marker is missing, the whole rest of the text."""
    begin = -1
    for match in _PEM.finditer(text):
        if match.group(1) == "BEGIN" and begin < 0:
            begin = match.start()
        elif match.group(1) == "END" and begin >= 0:
            emit(Span(begin, match.end(), "PRIVATE_KEY", 0.95))
            begin = -1
    if begin >= 0:
        emit(Span(begin, len(text), "PRIVATE_KEY", 0.95))


def _wallet(match: re.Match[str]) -> Span | None:
    return Span(*match.span(), "CRYPTO", 0.9) if bitcoin(match.group()) else None


SHAPES = (
    Shape("SECRET", _SECRET, tuple(_HINTS), _GATE, score=0.95, about="token prefixes of issuers, RFC 7519"),
    Shape("PRIVATE_KEY", _PEM, ("PRIVATE KEY",), "PRIVATE KEY", scan=_keys, about="RFC 7468"),
    Shape("SECRET", _PAIR, _PAIR_HINTS, _PAIR_GATE + r"[\"'` ]{0,2}(?:[:=：\x1f是为為])", _pair, needs=":=：\x1f是为為"),
    Shape("SECRET", _SAID, _SAID_HINTS, _PAIR_GATE + r"[\"'`]? (?:is|was) ", _pair),
    Shape("SECRET", _BEARER, ("Bearer", "Basic", "Digest", "ApiKey", "Token"), "(?:Bearer|Basic|Digest|ApiKey|Token) {1,4}[A-Za-z0-9+/_.~\\-]{12}", lambda m: group_span(m, 1, "SECRET", 0.85), about="RFC 6750"),
    Shape("CRYPTO", _BITCOIN, ("1", "3"), "(?:bc1|BC1|[13])[0-9A-Za-z]{25}", _wallet, about="BIP 173, Base58Check", needs="0123456789"),
    Shape("CRYPTO", _ETHEREUM, ("0x",), "0x[0-9a-fA-F]{40}", score=0.85, needs="0"),
)  # fmt: skip
