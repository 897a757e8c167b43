"""What is wrong with the bytes of a binary frame, told alike for every protocol, and numbers in BCD. Pure."""

from hub.errors import DecodeError
from hub.words.sentence import Sentence


def check_size(frame: bytes, most: int) -> None:
    """DecodeError when a frame is longer than any of its protocol."""
    if len(frame) > most:
        sentence = Sentence("refusal.bytes", size=f"{len(frame):,}", most=f"{most:,}")
        raise DecodeError("too_large", sentence, most)


def expect(frame: bytes, at: int, wanted: bytes) -> None:
    """DecodeError at the first byte that is not the one that a protocol has there."""
    for place, right in enumerate(wanted, at):
        if place >= len(frame):
            raise cut(frame, at + len(wanted))
        if frame[place] != right:
            raise unexpected(frame, place, f"{right:02X}")


def unexpected(frame: bytes, at: int, wanted: str) -> DecodeError:
    """The error of a byte that is not what was expected, which is told as hexadecimal digits."""
    sentence = Sentence("refusal.octets.byte", found=f"{frame[at]:02X}", wanted=f"'{wanted}'")
    return DecodeError("bad_frame", sentence, at)


def cut(frame: bytes, wanted: int) -> DecodeError:
    """The error of a frame that ends before its `wanted` bytes."""
    sentence = Sentence("refusal.octets.cut", found=len(frame), wanted=wanted)
    return DecodeError("bad_length", sentence, len(frame))


def wrong_length(told: int, wanted: int, at: int) -> DecodeError:
    """The error of a length, told by the bytes at `at`, that is not that of what follows."""
    return DecodeError("bad_length", Sentence("refusal.octets.length", told=told, wanted=wanted), at)


def wrong_sum(frame: bytes, at: int, received: str, computed: str) -> DecodeError:
    """The error of a checksum; both in hexadecimal digits, in the order in which they are sent."""
    sums = {"received": f"'{received}'", "computed": f"'{computed}'"}
    pairs = [received[n : n + 2] for n in range(0, len(received), 2)]
    key = "swapped" if len(pairs) > 1 and "".join(pairs[::-1]) == computed else "sum"
    return DecodeError("bad_checksum", Sentence(f"refusal.octets.{key}", **sums), min(at, len(frame)))


def digits(frame: bytes, begin: int, end: int) -> str:
    """The decimal digits that bytes of BCD hold, upper ones first; DecodeError at the first that holds another."""
    told = frame[begin:end].hex()
    if told and not told.isdigit():
        wrong = begin + next(n for n, digit in enumerate(told) if digit > "9") // 2
        sentence = Sentence("refusal.octets.bcd", found=f"{frame[wrong]:02X}")
        raise DecodeError("bad_frame", sentence, wrong)
    return told
