"""The floor under any JPEG packer: how long libjpeg takes to undo the entropy coding alone.

`jpeg_read_coefficients` of the libjpeg-turbo in Pillow's wheel, called through ctypes: no inverse
transform, no colours, no pixels.
"""

import ctypes
from pathlib import Path

import PIL

_ABI, _STRUCT = 62, 632  # of libjpeg-turbo 3 on 64 bits; it ends the process if they do not match
_ROOM = 2048


class EntropyDecoder:
    """Undoes the entropy coding of JPEGs, one at a time."""

    def __init__(self) -> None:
        (path,) = (Path(PIL.__file__).parents[1] / "pillow.libs").glob("libjpeg-*")
        self._library = ctypes.CDLL(str(path))
        self._library.jpeg_std_error.restype = ctypes.c_void_p
        self._errors = ctypes.create_string_buffer(_ROOM)
        self._state = ctypes.create_string_buffer(_ROOM)
        handler = self._library.jpeg_std_error(ctypes.byref(self._errors))
        ctypes.c_void_p.from_buffer(self._state).value = handler

    def run(self, data: bytes) -> None:
        """Read all coefficients of a JPEG and forget them."""
        state, size = ctypes.byref(self._state), ctypes.c_size_t(_STRUCT)
        self._library.jpeg_CreateDecompress(state, _ABI, size)
        self._library.jpeg_mem_src(state, data, ctypes.c_ulong(len(data)))
        self._library.jpeg_read_header(state, 1)
        self._library.jpeg_read_coefficients(state)
        self._library.jpeg_destroy_decompress(state)
