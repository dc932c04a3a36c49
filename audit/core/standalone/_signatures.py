"""Signatures, checked in plain Python: Ed25519 (RFC 8032, 5.1.7) and ML-DSA-44 (FIPS 204).

It is slow, and handles no secret.
"""

import hashlib

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
"""Extended homogeneous coordinates (X, Y, Z, T), RFC 8032, 5.1.4."""


def _add(a: Point, b: Point) -> Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    x, y, u, v = f - e, h - g, h + g, f + e
    return x * y % P, u * v % P, y * u % P, x * v % P


def _times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point = _add(point, point)
        number >>= 1
    return total


def _decompress(data: bytes) -> Point:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = _decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature covers a message."""
    try:
        point, r = _decompress(key), _decompress(signature[:32])
    except ValueError:
        return False
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or s >= Q:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    left, right = (
        _times(s, BASE),
        _add(r, _times(int.from_bytes(digest, "little") % Q, point)),
    )
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


N = 8380417
"""The modulus of ML-DSA; polynomials are lists of 256 coefficients below it."""
GAMMA1, GAMMA2, BETA, TAU, OMEGA = 1 << 17, (N - 1) // 88, 78, 39, 80
ZETAS = [pow(1753, int(f"{k:08b}"[::-1], 2), N) for k in range(256)]
Poly = list[int]


def _ntt(poly: Poly) -> Poly:
    w, m, length = list(poly), 0, 128
    while length:
        for start in range(0, 256, 2 * length):
            m += 1
            for j in range(start, start + length):
                t = ZETAS[m] * w[j + length] % N
                w[j + length], w[j] = (w[j] - t) % N, (w[j] + t) % N
        length //= 2
    return w


def _inverse_ntt(poly: Poly) -> Poly:
    w, m, length = list(poly), 256, 1
    while length < 256:
        for start in range(0, 256, 2 * length):
            m -= 1
            for j in range(start, start + length):
                t = w[j]
                w[j] = (t + w[j + length]) % N
                w[j + length] = -ZETAS[m] * (t - w[j + length]) % N
        length *= 2
    return [8347681 * one % N for one in w]  # 1/256


def _uniform(seed: bytes) -> Poly:
    """RejNTTPoly: a polynomial whose coefficients are drawn from SHAKE128."""
    stream, poly, at = hashlib.shake_128(seed).digest(2048), Poly(), 0
    while len(poly) < 256:
        number = int.from_bytes(stream[at : at + 3], "little") & 0x7FFFFF
        poly, at = [*poly, number] if number < N else poly, at + 3
    return poly


def _ball(seed: bytes) -> Poly:
    """SampleInBall: a polynomial of TAU coefficients that are 1 or -1."""
    stream, poly, at = hashlib.shake_256(seed).digest(2048), [0] * 256, 8
    signs = int.from_bytes(stream[:8], "little")
    for i in range(256 - TAU, 256):
        while stream[at] > i:
            at += 1
        poly[i], poly[stream[at]] = poly[stream[at]], 1 - 2 * (signs & 1)
        signs, at = signs >> 1, at + 1
    return poly


def _unpack(data: bytes, bits: int) -> Poly:
    number = int.from_bytes(data, "little")
    return [number >> bits * at & (1 << bits) - 1 for at in range(256)]


def _hints(data: bytes) -> list[set[int]]:
    """HintBitUnpack: where each polynomial's high bits are one off; in one spelling only."""
    hints, at = [], 0
    for end in data[OMEGA:]:
        places = list(data[at:end])
        if not at <= end <= OMEGA or places != sorted(set(places)):
            raise ValueError("not a signature")
        hints.append(set(places))
        at = end
    if any(data[at:OMEGA]):
        raise ValueError("not a signature")
    return hints


def _high(number: int, *, hint: bool) -> int:
    """UseHint: the high bits of a coefficient."""
    low = number % (2 * GAMMA2)
    low -= 2 * GAMMA2 if low > GAMMA2 else 0
    high = (number - low) // (2 * GAMMA2)
    if number - low == N - 1:
        high, low = 0, low - 1
    return (high + (1 if low > 0 else -1) * hint) % 44


def mldsa_verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an ML-DSA-44 signature with an empty context covers a message (FIPS 204, 6.3)."""
    if len(key) != 1312 or len(signature) != 2420:
        return False
    try:
        hints = _hints(signature[2336:])
    except ValueError:
        return False
    z = [_unpack(signature[32 + 576 * i :][:576], 18) for i in range(4)]
    z = [[GAMMA1 - one for one in poly] for poly in z]
    if max(abs(one) for poly in z for one in poly) >= GAMMA1 - BETA:
        return False
    mu = hashlib.shake_256(hashlib.shake_256(key).digest(64) + b"\0\0" + message).digest(64)
    z, c, high = [_ntt(poly) for poly in z], _ntt(_ball(signature[:32])), b""
    for row in range(4):
        t = _ntt([one << 13 for one in _unpack(key[32 + 320 * row :][:320], 10)])
        columns = [_uniform(key[:32] + bytes([column, row])) for column in range(4)]
        w = [(sum(columns[s][i] * z[s][i] for s in range(4)) - c[i] * t[i]) % N for i in range(256)]
        w1 = [_high(one, hint=i in hints[row]) for i, one in enumerate(_inverse_ntt(w))]
        high += sum(one << 6 * i for i, one in enumerate(w1)).to_bytes(192, "little")
    return hashlib.shake_256(mu + high).digest(32) == signature[:32]
