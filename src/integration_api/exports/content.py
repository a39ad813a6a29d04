"""How an export is written: one JSON document on each line, kept compressed."""

import zlib


def line(kind: str, id: str, version: int, resource: bytes) -> bytes:
    """One line: which resource, in which version, and its document, byte for byte.

    A line feed of the document stands between its members (inside texts it is escaped), and would
    end the line.
    """
    head = f'{{"type":"{kind}","id":"{id}","version":{version},"resource":'.encode()
    return head + resource.replace(b"\n", b" ") + b"}\n"


def pack(plain: bytes) -> bytes:
    """What is sealed of a part: a tenth of its length."""
    return zlib.compress(plain, 6)


def unpack(packed: bytes) -> bytes:
    """The lines of a part."""
    return zlib.decompress(packed)
