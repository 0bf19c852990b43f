"""Randomised tests: how many rounds they take, and from which seed."""

import functools
import os
import random
import time


def rounds(short, long):
    """`long` where SLUICE_LONG is set, as `make harden` does; else `short`."""
    return long if os.environ.get("SLUICE_LONG") else short


@functools.cache
def seed():
    """This run's seed, printed once; SLUICE_SEED takes it back."""
    chosen = int(os.environ.get("SLUICE_SEED", time.time_ns() % 1_000_000))
    print(f"randomised tests: SLUICE_SEED={chosen}", flush=True)
    return chosen


def chance(*subject):
    """A source of randomness of its own for each subject, so that no test's draws depend on another's."""
    return random.Random(f"{seed()}/{'/'.join(map(str, subject))}")


#: What framing turns on: line ends and half of them, blanks, ends of chunks, and bytes some readers take for others.
TOKENS = (b"\r\n", b"\r", b"\n", b"\0", b" ", b"\t", b"\x0b", b"\x0c", b"\x7f", b"\x85", b"\xa0", b"\xff", b":", b": ", b",", b";", b"=", b"\"", b"#", b"?",
          b"/", b"@", b"%0d%0a", b"0", b"0\r\n\r\n", b"5\r\nabcde\r\n", b"-1", b"+3", b"0x3", b"00", b"1e1", b"9" * 20, b"f" * 17, b"chunked", b"identity",
          b"\r\n\r\n", b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"GET", b"\xe2\x80\xa8", b"\xef\xbb\xbf")
#: Whole lines that some readers heed and others do not.
LINES = (b"Content-Length: 3", b"Content-Length: 0", b"Content-Length : 3", b"content-length:3", b"Content-Length: 3, 3", b"Content-Length: 3\r\n ",
         b"Transfer-Encoding: chunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked", b"transfer-encoding: Chunked",
         b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: gzip, chunked", b"Transfer_Encoding: chunked", b"X: a\rTransfer-Encoding: chunked",
         b"X: a\nContent-Length: 9", b"Connection: x-foo, content-length", b"Connection: close", b"Connection: keep-alive, transfer-encoding",
         b"Host: b", b"Host: a:1@b", b"Expect: 100-continue", b"Expect: 100-continue, x", b"Upgrade: h2c", b"HTTP2-Settings: AA", b"TE: trailers",
         b"Trailer: Content-Length", b"Keep-Alive: 5", b"X-Foo: 1", b": x", b" x: y", b"GET /v1/smuggled HTTP/1.1")


def mutated(chance, data, others=()):
    """`data` with one to four faults of the kinds above; lines may come from `others`."""
    for _ in range(chance.randint(1, 4)):
        data = chance.choice(_FAULTS)(chance, data, others)
    return data


def _insert(chance, data, others):
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(TOKENS) + data[at:]


def _replace(chance, data, others):
    at = chance.randint(0, max(0, len(data) - 1))
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1:]


def _remove(chance, data, others):
    at = chance.randint(0, len(data))
    return data[:at] + data[at + chance.randint(1, 8):]


def _cut(chance, data, others):
    return data[:chance.randint(0, len(data))] if chance.random() < 0.2 else _remove(chance, data, others)


def _line(chance, data, others):
    """A line doubled, moved, taken out, or put in."""
    lines = data.split(b"\r\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines) + 1)
    kind = chance.randrange(4)
    if kind == 0:
        lines.insert(to, lines[at])
    elif kind == 1:
        lines.insert(min(to, len(lines) - 1), lines.pop(at))
    elif kind == 2:
        lines.pop(at)
    else:
        lines.insert(to, chance.choice(LINES))
    return b"\r\n".join(lines)


def _number(chance, data, others):
    """One digit is another."""
    places = [at for at, byte in enumerate(data) if 48 <= byte < 58]
    if not places:
        return _replace(chance, data, others)
    at = chance.choice(places)
    return data[:at] + bytes([chance.choice(b"0123456789abcf")]) + data[at + 1:]


def _case(chance, data, others):
    at = chance.randint(0, len(data))
    return data[:at] + data[at:at + 12].swapcase() + data[at + 12:]


def _join(chance, data, others):
    """The beginning of one and the end of another."""
    if not others:
        return _line(chance, data, others)
    other = chance.choice(others)
    return data[:chance.randint(0, len(data))] + other[chance.randint(0, len(other)):]


_FAULTS = (_insert, _insert, _replace, _remove, _cut, _line, _line, _line, _number, _case, _join)
