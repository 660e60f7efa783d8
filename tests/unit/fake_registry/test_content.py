"""What blobs consist of."""

import hashlib

import pytest

from cip_async.fake_registry.content import Content, Dropped, Flipped, Held, Synthetic, digest_of, seeded_bytes

LARGE = 700_001


def whole(content: Content) -> bytes:
    return b"".join(content.pieces(0, content.size_bytes))


@pytest.mark.parametrize("content", [Synthetic(LARGE, "a"), Held(seeded_bytes("a", LARGE))], ids=["synthetic", "held"])
@pytest.mark.parametrize("start", [0, 1, 262_143, 262_144, 262_145, LARGE - 1, LARGE])
@pytest.mark.parametrize("length", [0, 1, 262_144, LARGE])
def test_any_part_is_that_part_of_the_whole(content: Content, start: int, length: int) -> None:
    part = b"".join(content.pieces(start, min(LARGE, start + length)))
    assert part == whole(content)[start : start + length]


def test_no_piece_of_a_large_blob_is_large() -> None:
    assert max(map(len, Synthetic(LARGE, "a").pieces(0, LARGE))) <= 256 * 1024


def test_blobs_of_one_seed_differ_from_those_of_another_everywhere() -> None:
    one, other = list(Synthetic(LARGE, "a").pieces(0, LARGE)), list(Synthetic(LARGE, "b").pieces(0, LARGE))
    assert all(mine != theirs for mine, theirs in zip(one, other, strict=True))
    assert len(set(one)) == len(one)


@pytest.mark.parametrize("content", [Synthetic(LARGE, "a"), Held(b"bytes")])
def test_the_digest_is_that_of_the_bytes(content: Content) -> None:
    assert digest_of(content) == f"sha256:{hashlib.sha256(whole(content)).hexdigest()}"
    assert digest_of(content, "sha512") == f"sha512:{hashlib.sha512(whole(content)).hexdigest()}"


def test_ten_gibibytes_can_be_described_without_being_made() -> None:
    huge = Synthetic(10 * 1024**3, "huge")
    at = 9 * 1024**3
    assert len(b"".join(huge.pieces(at, at + 10))) == 10


def test_bytes_that_were_dropped_cannot_be_read() -> None:
    with pytest.raises(ValueError, match="bytes 0 to 5 were not kept"):
        list(Dropped(5).pieces(0, 5))


@pytest.mark.parametrize("wrong_at", [0, 262_143, 262_144, LARGE - 1])
def test_one_byte_of_flipped_content_is_another(wrong_at: int) -> None:
    right, wrong = whole(Synthetic(LARGE, "a")), whole(Flipped(Synthetic(LARGE, "a"), wrong_at))
    assert [at for at in range(LARGE) if right[at] != wrong[at]] == [wrong_at]


def test_flipped_content_is_flipped_at_the_same_byte_whatever_part_is_read() -> None:
    flipped = Flipped(Held(b"abcdef"), 3)
    assert b"".join(flipped.pieces(2, 5)) == b"c" + bytes([b"d"[0] ^ 1]) + b"e"
    assert b"".join(flipped.pieces(4, 6)) == b"ef"


def test_seeded_bytes_are_the_same_for_ever() -> None:
    assert seeded_bytes("a", 8).hex() == hashlib.shake_128(b"a").hexdigest(8)
