"""What a file is that was given as a list or as labels.txt, by its first bytes."""

_ARCHIVE = "a ZIP archive or an office document"
_OFFICE = "an old office document"
_REMEDIES = {
    _ARCHIVE: "; save a sheet as CSV, unpack an archive and give its folder",
    _OFFICE: "; save a sheet as CSV",
}
_FILE_TYPES = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, WAV or AVI)"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0", _OFFICE),
    (b"\x0a\x23\xd7\xce", "a RecordIO file, which is packed already"),
    (b"PAR1", "a Parquet file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"{", "JSON"),
    (b"[", "JSON"),
    (b"<", "HTML or XML"),
)
_PACKINGS = (
    (b"\x1f\x8b", "gzip data; unpack it"),  # of a list: once more than is undone
    (b"BZh", "bzip2 data; unpack it or use gzip"),
    (b"\xfd7zXZ", "xz data; unpack it or use gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd data; unpack it or use gzip"),
    (b"\xff\xfe", "UTF-16 text; save it as UTF-8"),
    (b"\xfe\xff", "UTF-16 text; save it as UTF-8"),
)


def packing(start: bytes) -> str | None:
    """Return how a text is packed or encoded that would else be fine, and the cure; else None."""
    return next((said for magic, said in _PACKINGS if start.startswith(magic)), None)


def file_type(start: bytes) -> str | None:
    """Return the name of another type of file, or None."""
    text = start.lstrip()
    return next(
        (name for magic, name in _FILE_TYPES if text.startswith(magic) or start.startswith(magic)),
        None,
    )


def remedy(name: str) -> str:
    """Return what can be done with a type of file that tells no labels, as the end of a message."""
    return _REMEDIES.get(name, "")
