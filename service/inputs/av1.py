"""What an AV1 sequence header says of its samples: their transfer characteristics.

Source: AOMedia, "AV1 Bitstream & Decoding Process Specification", sections 5.3.2 (OBU header), 5.5 (sequence header)
and 4.10.5 (leb128).
"""

_SEQUENCE_HEADER = 1
_MAX_HEADER_BYTES = 512


def transfer(data: bytes) -> bytes:
    """Give the transfer characteristics (ITU-T H.273, table 3), one byte; empty where no header names them."""
    at = 0
    while at < len(data):
        header = data[at]
        at += 2 if header & 4 else 1
        size = len(data) - at
        if header & 2:
            size, at = _leb128(data, at)
        if header >> 3 & 15 == _SEQUENCE_HEADER:
            return _of_sequence_header(_Bits(data[at : at + min(size, _MAX_HEADER_BYTES)]))
        at += size
    return b""


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of up to eight bytes, seven bits each; give it and where the next byte is."""
    value = 0
    for index, byte in enumerate(data[at : at + 8]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return 0, len(data)


class _Bits:
    """Reads bits from the front; behind the end all are 0."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), len(data) * 8

    def read(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & (1 << count) - 1

    def read_uvlc(self) -> None:
        """Skip a number of variable length."""
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        self.read(zeros)


def _of_sequence_header(bits: _Bits) -> bytes:
    profile = bits.read(3)
    bits.read(1)  # still picture
    is_reduced = bits.read(1)
    if is_reduced:
        bits.read(5)  # level
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    bits.read(width_bits + height_bits)
    if not is_reduced and bits.read(1):
        bits.read(4 + 3)  # lengths of frame ids
    bits.read(3)  # superblocks, filters within a frame
    if not is_reduced:
        _skip_tools_between_frames(bits)
    bits.read(3)  # super-resolution, filters behind the decoder
    is_high = bits.read(1)
    if profile == 2 and is_high:
        bits.read(1)  # 12 bits
    if profile != 1:
        bits.read(1)  # monochrome
    if not bits.read(1):
        return b""
    bits.read(8)  # colour primaries
    return bytes([bits.read(8)])


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):  # timing
        bits.read(32 + 32)
        if bits.read(1):
            bits.read_uvlc()
        if bits.read(1):  # decoder model
            delay_bits = bits.read(5) + 1
            bits.read(32 + 5 + 5)
    has_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:  # level
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_delay and bits.read(1):
            bits.read(4)


def _skip_tools_between_frames(bits: _Bits) -> None:
    bits.read(4)
    has_order = bits.read(1)
    if has_order:
        bits.read(2)
    forces_content_tools = 2 if bits.read(1) else bits.read(1)
    if forces_content_tools and not bits.read(1):
        bits.read(1)
    if has_order:
        bits.read(3)
