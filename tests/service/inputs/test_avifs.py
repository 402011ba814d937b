"""AVIFs whose boxes say more of the picture than its pixels do."""

import shutil
import subprocess
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from service.errors import UnusableError
from service.inputs import av1, avif
from service.inputs.preprocessing import preprocess_sync
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


_WRITERS = {
    "avifenc": "avifenc --cicp 9/16/9 -d 10 {source} {target}",
    "avifenc, 12 bits, 4:4:4": "avifenc --cicp 9/16/9 -d 12 -y 444 {source} {target}",
    "avifenc, grey": "avifenc --cicp 9/16/9 -d 10 -y 400 {source} {target}",
    "avifenc, four tiles": "avifenc --cicp 9/16/9 -d 10 --grid 2x2 {source} {target}",
    "ffmpeg": (
        "ffmpeg -v error -i {source} -frames:v 1 -pix_fmt yuv420p10le -still-picture 0 -color_trc smpte2084 "
        "-color_primaries bt2020 -colorspace bt2020nc -c:v libaom-av1 {target}"
    ),
}


@pytest.mark.parametrize("writer", _WRITERS)
def test_samples_of_high_dynamic_range_are_told_without_a_box_that_says_so(writer: str, tmp_path: Path) -> None:
    source, target = tmp_path / "photo.png", tmp_path / "photo.avif"
    command = [word.format(source=source, target=target) for word in _WRITERS[writer].split()]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    Image.fromarray(photo()).resize((256, 256)).save(source)
    subprocess.run(command, check=True, capture_output=True)
    content = target.read_bytes()
    assert b"colrnclx" in content
    for file in (content, content.replace(b"colrnclx", b"freenclx")):
        with pytest.raises(UnusableError, match=r"high dynamic range \(PQ\)"):
            seen(file)


@pytest.mark.parametrize(("transfer", "name"), [(8, "linear"), (16, "PQ"), (18, "HLG"), (1, None), (13, None)])
def test_samples_say_their_transfer_themselves(transfer: int, name: str | None) -> None:
    wide = photo().astype(np.uint16) << 2
    boxed = bytes(imagecodecs.avif_encode(wide, level=98, bitspersample=10, primaries=9, transfer=transfer, matrix=9))
    plain = boxed.replace(b"colrnclx", b"freenclx")
    assert plain != boxed
    if name is None:
        assert np.array_equal(seen(plain), seen(boxed))
        return
    with pytest.raises(UnusableError, match=name):
        seen(plain)


@pytest.mark.parametrize("method", [1, 2])
def test_data_are_looked_for_where_the_file_says(method: int) -> None:
    bright = bytes.fromhex("12000a093819afc76f09100990")  # a sequence header of PQ
    item, one, length = (number.to_bytes(2) for number in (1, 1, len(bright)))
    location = b"\1\0\0\0" + b"\x02\0" + one + item + method.to_bytes(2) + b"\0\0" + one + length
    boxes = box(b"pitm", bytes(4) + item) + box(b"iloc", location) + box(b"idat", bright)
    content = box(b"meta", bytes(4) + boxes)
    if method == 1:  # in the meta box; with 2, within another item
        with pytest.raises(UnusableError, match="PQ"):
            avif.require_known(content)
    else:
        avif.require_known(content)


@pytest.mark.parametrize("cut", [0, 8, 40, 100, 250])
def test_boxes_that_lead_nowhere_end_the_walk(cut: int) -> None:
    content = encode(Image.fromarray(photo()), "AVIF")
    avif.require_known(content[:cut])
    avif.require_known(content[:cut] + b"\0\0\0\1meta\xff\xff\xff\xff\xff\xff\xff\xff")
    avif.require_known(content[:cut] + b"\0\0\0\4meta" * 10)
    avif.require_known(content[:cut] + b"\0\0\0\0meta" + bytes(30))
    assert preprocess_sync(content, "auto", MAX_PIXELS).mode == "photo"


_HEADER = bytes.fromhex("12000a093819afc76f09100990")


def test_a_sequence_header_says_its_transfer_characteristics() -> None:
    assert av1.transfer(_HEADER) == b"\x10"


@pytest.mark.parametrize("length", range(len(_HEADER)))
def test_a_sequence_header_may_be_cut_off_anywhere(length: int) -> None:
    """Bits behind the end are 0: of a byte that is cut in two, the first bits are left."""
    assert av1.transfer(_HEADER[:length]) == (b"" if length < 9 else b"\0" if length < 11 else b"\x10")


@pytest.mark.parametrize("length", range(1, 10))
def test_a_length_without_an_end_leads_behind_the_end(length: int) -> None:
    assert av1.transfer(b"\x0a" + b"\xff" * length) == b""
