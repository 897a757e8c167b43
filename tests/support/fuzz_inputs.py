"""Inputs for fuzzing: the largest and most tangled of each kind, and mutations of what is known."""

import gzip
import random
from collections.abc import Iterator

from devices.codecs.decoded import MAX_BYTES

TOKENS = [
    *(b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0.0", b"1e-400", b"9" * 400, b"9" * 5000, b"1" + b"0" * 30),
    *(b'"\\ud800"', b'"\\u0000"', b'"\xff\xfe"', b"\xef\xbb\xbf", b"[[[[[[[[", b'{"a":' * 20, b"]" * 20),
    *(b"{}", b"[]", b'""'),
    *(b'"ts":', b'"values":', b'"kind":', b'"image":', b'"attributes":', b'"bn":', b'"bt":', b'"n":', b'"v":', b'"t":'),
    *(b'"licensePlate":', b'"faceId":', '"人脸":'.encode(), b"2026-01-01T00:00:00Z", b"0001-01-01"),
    b"9999-12-31T23:59:59.999999Z",
    *(b",", b":", b"{", b"}", b"[", b"]", b'"', b"\\", b"\x00", b"\x80", b"\xf4\x90\x80\x80", b"-", b"+", b"#", b"/"),
]  # fmt: skip


class Mutator:
    """Makes new inputs from known ones; what brought something new is kept and mutated further."""

    def __init__(self, seeds: list[bytes], chance: random.Random, max_bytes: int = MAX_BYTES + 1) -> None:
        self.pool, self._chance, self._max_bytes = list(seeds), chance, max_bytes
        self._ways = [self._bytes, self._token, self._cut, self._repeat, self._splice, self._nest, self._digits]

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self.mutated(self._chance.choice(self.pool))

    def mutated(self, payload: bytes) -> bytes:
        """Another input like that one."""
        for _ in range(self._chance.choice((1, 1, 2, 3, 6))):
            payload = self._chance.choice(self._ways)(payload)
        return payload[: self._max_bytes]

    def _place(self, payload: bytes) -> int:
        return self._chance.randint(0, len(payload))

    def _bytes(self, payload: bytes) -> bytes:
        place = self._place(payload)
        return payload[:place] + self._chance.randbytes(self._chance.randint(0, 3)) + payload[place + 1 :]

    def _token(self, payload: bytes) -> bytes:
        place = self._place(payload)
        return payload[:place] + self._chance.choice(TOKENS) + payload[place + self._chance.randint(0, 4) :]

    def _cut(self, payload: bytes) -> bytes:
        start, end = sorted((self._place(payload), self._place(payload)))
        return payload[:start] + payload[end:]

    def _repeat(self, payload: bytes) -> bytes:
        start, end = sorted((self._place(payload), self._place(payload)))
        # Few are long: a megabyte takes as much time as a thousand short ones.
        limit = MAX_BYTES if self._chance.random() < 0.0005 else 2_000
        times = min(self._chance.choice((2, 3, 10, 100_000)), limit // max(1, end - start))
        return payload[:start] + payload[start:end] * times + payload[end:]

    def _splice(self, payload: bytes) -> bytes:
        other = self._chance.choice(self.pool)
        return payload[: self._place(payload)] + other[self._place(other) :]

    def _nest(self, payload: bytes) -> bytes:
        depth = self._chance.choice((1, 2, 16, 17, 100, 1_500))
        return b'[{"a":' * depth + payload + b"}]" * depth if depth % 2 else b"[" * depth + payload + b"]" * depth

    def _digits(self, payload: bytes) -> bytes:
        digits = [place for place, byte in enumerate(payload[:4_000]) if 48 <= byte <= 57]
        if not digits:
            return payload
        place = self._chance.choice(digits)
        number = b"%d" % self._chance.choice((0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63), 10**18, 10**300))
        return payload[:place] + number + payload[place + 1 :]


def monsters(form: str, max_bytes: int) -> list[bytes]:
    """The largest of each kind: deep, wide, long, many, wrong to the last byte."""
    units = [
        *(b'{"a":1},', b'["\\ud800",0],', b"1,", b'{"n":"a","v":NaN},', b'{"kind":5,"x":"\\u0000"},', b"{},", b"[],"),
        *(b'{"n":"a","v":1},', b'{"bn":"a:","bt":1772352000,"n":"b","v":1},', b'{"kind":"smoke"},', b'"x",', b"null,"),
        *(b'{"ts":1772352000000,"values":{"a":1}},', b'{"kind":"smoke","attributes":{"a":[1,2,3]}},', b"1e308,"),
        b"[[]],",
        *(b'{"kind":"smoke","faceId":1},', '{"人脸":1},'.encode(), b'{"n":"faceId","v":1},', b"9" * 300 + b","),
    ]  # fmt: skip
    counts = (499, 999, 3_999, 6_999, 10_499, 20_998, MAX_BYTES)
    made = [b"[" + (unit * min(count, MAX_BYTES // len(unit) - 1))[:-1] + b"]" for unit in units for count in counts]
    made += [text[:-1] + b"!" for text in made] + [text[:-20] for text in made]
    pairs = [b",".join(b'"m%d":%d' % (i, i) for i in range(count)) for count in (499, 1_900, 3_900, 9_999, 100_000)]
    pairs += [b",".join(b'"%s%d":"x"' % (b"aB" * 29, i) for i in range(count)) for count in (499, 1_900, 3_900)]
    names = [b",".join(b'"%s%d":1' % (b"n" * 50, i) for i in range(15_000))]
    faces = [b",".join(b'"face_%d":1' % i for i in range(60_000))]
    for inner in [*pairs, *names, *faces]:
        made += [b"{" + inner + b"}", b'{"ts":1772352000000,"values":{' + inner + b"}}"]
        made += [b'{"kind":"smoke","attributes":{' + inner + b"}}", b'[{"n":"a","v":1,' + inner + b"}]"]
    for size in (4_000, 100_000, MAX_BYTES - 40):
        made += [
            b"9" * size,
            b'{"a":' + b"9" * size + b"}",
            b'{"a":0.' + b"1" * size + b"}",
            b'"' + b"\\n" * (size // 2) + b'"',
        ]
        made += [b"[" * size, b'{"a":' * (size // 5), b" " * size, b'{"ts":"' + b"1" * size + b'"}', b"\xff" * size]
        made += [b'{"kind":"' + b"x" * size + b'"}', b'{"kind":"smoke","image":"' + b"/9j/" * (size // 4) + b'"}']
        made += [b'{"kind":"smoke","attributes":{"a":"' + "人".encode() * (size // 3) + b'"}}']
        made += [b'{"a":"' + b"x" * (size - 10) + b"\xff" + b'"}', b'[{"n":"' + b"a" * size + b'","v":1}]']
    if form == "topic":
        made = [b"ganzhi/v1/" + text[:65_525] for text in made] + [b"/" * 65_535]
    return [text for text in made + _monsters_of_batches(form, max_bytes) if len(text) <= max_bytes]


def _monsters_of_batches(form: str, max_bytes: int) -> list[bytes]:
    """The largest of what holds many messages."""
    if form == "telemetry":
        names = [b"%s%d" % (b"aB" * 25, number) for number in range(3_999)]
        apart = [b'{"values":1,"%s":1}', b'{"ts":1772352000000,"values":{"%s":1}}', b'{"%s":1}', b'{"face_%s":"x"}']
        return [b"[" + b",".join([part % name for name in names]) + b"]" for part in apart]
    if form == "mqtt_frames":
        parts = [b"\x30\x02\x00\x00", b"\x32\x05\x00\x01a\x00\x07", b"\xd0\x00", b"\x30\xff\xff\xff\x7f", b"\xff"]
        return [part * (max_bytes // len(part)) for part in parts]
    if form == "http_gzip":
        kinds = [bytes(1 << 20), random.Random(1).randbytes(1 << 20), b'{"device":"a","values":{"n":1}},' * 32_768]
        made = [gzip.compress(kind * times, mtime=0) for kind in kinds for times in (1, 7, 8, 9, 50)]
        return [*made, *(text + text for text in made), *(text[:-9] for text in made)]
    if form.startswith("http_li"):
        end, start, stop = (b",", b"[", b"]") if form == "http_list" else (b"\n", b"", b"")
        parts = [
            b"1",
            b"[[]]",
            b'{"device":"a","n":NaN,"x":"%s"}' % (b"x" * 760),
            b'{"device":5,%s"b":1}' % (b'"a":1,' * 130),
        ]
        parts += [
            b'{"device":"a","n":1}',
            b'{"device":"%s"}' % (b"x" * 800),
            b'{"a":%s1}' % (b"[" * 700),
            b"\xff" * 800,
        ]
        made = [start + (part + end) * min(count, max_bytes // (len(part) + 1) - 1) + b"0" + stop
                for part in parts for count in (9_998, 59_000, 119_000, max_bytes)]  # fmt: skip
        return [*made, start + b"[" * (max_bytes - 2), b'["' + b"\\n" * (max_bytes // 2 - 4) + b'"]']
    return []
