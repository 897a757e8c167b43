"""The checksum of Modbus and SL 651: CRC-16, start FFFF, polynomial A001 from the lowest bit."""


def _row(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0xA001 if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))


def crc16(octets: bytes) -> int:
    """The checksum; Modbus sends its lower byte first, SL 651 its upper one."""
    crc, table = 0xFFFF, _TABLE
    for byte in octets:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc
