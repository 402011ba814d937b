"""AVIFs whose boxes say more of the picture than its pixels do."""

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from service.errors import UnusableError
from service.inputs import avif
from service.inputs.images import preprocess_sync
from tests.conftest import encode
from tests.service.inputs.comparisons import MAX_PIXELS, require_alike, seen
from tests.service.inputs.pictures import photo


def box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4) + kind + content


def with_property(content: bytes, added: bytes) -> bytes:
    """Give a picture's item one property more, as ISO/IEC 23008-12 has it: after the others, and essential."""
    moved = len(added) + 1
    associations = content.index(b"ipma")
    count = associations + 4 + 8 + 2  # the first item's, which is the picture
    properties = content.index(b"ipco")
    size = int.from_bytes(content[properties - 4 : properties])
    number, at = 0, properties + 4
    while at < properties - 4 + size:
        number, at = number + 1, at + int.from_bytes(content[at : at + 4])
    end = count + 1 + content[count]
    mended = bytearray(
        content[:at] + added + content[at:count] + bytes([content[count] + 1]) + content[count + 1 : end]
        + bytes([0x80 | number + 1]) + content[end:]
    )  # fmt: skip
    for kind, grown in ((b"meta", moved), (b"iprp", moved), (b"ipco", len(added)), (b"ipma", 1)):
        start = mended.index(kind) - 4
        mended[start : start + 4] = (int.from_bytes(mended[start : start + 4]) + grown).to_bytes(4)
    location = mended.index(b"iloc")
    start = location + 4 + 4 + 2 + 2 + 2 + 2 + 2  # behind version, sizes, item count, item, reference and extent count
    mended[start : start + 4] = (int.from_bytes(mended[start : start + 4]) + moved).to_bytes(4)
    return bytes(mended)


CLAP = box(b"clap", b"".join(number.to_bytes(4) for number in (48, 1, 36, 1, 0, 1, 0, 1)))


def test_an_avif_that_is_to_be_cropped_is_refused() -> None:
    content = encode(Image.fromarray(photo()), "AVIF", quality=95)
    require_alike(with_property(content, box(b"pasp", b"\0\0\0\1\0\0\0\1")), photo())  # square pixels
    with pytest.raises(UnusableError, match="to be cropped"):
        seen(with_property(content, CLAP))


def test_what_only_looks_like_a_box_is_none() -> None:
    words = b"colrnclx\0\1\0\x10\0\1\x80"  # PQ, if it were one
    content = encode(Image.fromarray(photo()), "AVIF", quality=95, xmp=words)
    assert words in content
    require_alike(content, photo())
    # Behind all boxes, and in front of the one that counts.
    wide = photo().astype(np.uint16) << 2
    bright = bytes(imagecodecs.avif_encode(wide, level=98, bitspersample=10, primaries=9, transfer=16, matrix=9))
    free = box(b"free", b"colrnclx\0\1\0\x0d\0\1\x80")
    start = int.from_bytes(bright[:4])
    moved = bytearray(bright[:start] + free + bright[start:])
    offset = moved.index(b"iloc") + 18
    moved[offset : offset + 4] = (int.from_bytes(moved[offset : offset + 4]) + len(free)).to_bytes(4)
    with pytest.raises(UnusableError, match=r"high dynamic range \(PQ\)"):
        seen(bytes(moved))


@pytest.mark.parametrize("cut", [0, 8, 40, 100, 250])
def test_boxes_that_lead_nowhere_end_the_walk(cut: int) -> None:
    content = encode(Image.fromarray(photo()), "AVIF")
    avif.require_known(content[:cut])
    avif.require_known(content[:cut] + b"\0\0\0\1meta\xff\xff\xff\xff\xff\xff\xff\xff")
    avif.require_known(content[:cut] + b"\0\0\0\4meta" * 10)
    avif.require_known(content[:cut] + b"\0\0\0\0meta" + bytes(30))
    assert preprocess_sync(content, "auto", MAX_PIXELS).mode == "photo"
