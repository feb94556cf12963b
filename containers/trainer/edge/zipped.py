"""A zip whose bytes depend on its files alone: no times, no compression, names in order."""

import io
import zipfile
from collections.abc import Mapping

_DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can have
_UNIX, _MODE = 3, 0o100644


def zipped(files: Mapping[str, bytes], first: str) -> bytes:
    """Return an archive of files by their paths; `first` is its first member.

    Nothing is deflated: what zlib makes of weights is hardly smaller, and another with each zlib.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in (first, *sorted(files.keys() - {first})):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = _UNIX, _MODE << 16
            archive.writestr(entry, files[name])
    return stream.getvalue()
