"""Find and load libmypaint, and declare the part of its C interface that is used here.

ABI: libmypaint 1.5 and 1.6 (``libmypaint-1.5.so.1``). Later versions change ``stroke_to`` and are not accepted.
"""

from __future__ import annotations

import ctypes as ct
import ctypes.util
import functools
import os

_NAMES = (
    "libmypaint-1.5.so.1",
    "libmypaint-1.5.1.dylib",
    "/opt/homebrew/lib/libmypaint-1.5.1.dylib",
    "/usr/local/lib/libmypaint-1.5.1.dylib",
    "libmypaint-1.5-1.dll",
)

_ptr, _float, _int, _double = ct.c_void_p, ct.c_float, ct.c_int, ct.c_double


class TileRequest(ct.Structure):
    """``MyPaintTileRequest``: the engine asks for one 64 x 64 tile of a surface."""

    _fields_ = [
        ("tx", _int),
        ("ty", _int),
        ("readonly", _int),
        ("buffer", _ptr),
        ("context", _ptr),
        ("thread_id", _int),
        ("mipmap_level", _int),
    ]


class SettingInfo(ct.Structure):
    """``MyPaintBrushSettingInfo``: what the engine says of a setting."""

    _fields_ = [
        ("cname", ct.c_char_p),
        ("name", ct.c_char_p),
        ("constant", _int),
        ("min", _float),
        ("default", _float),
        ("max", _float),
        ("tooltip", ct.c_char_p),
    ]


TileFunction = ct.CFUNCTYPE(None, _ptr, ct.POINTER(TileRequest))

# name: (result, *arguments); all of it public API
_PROTOTYPES = {
    "mypaint_brush_new": (_ptr,),
    "mypaint_brush_unref": (None, _ptr),
    "mypaint_brush_reset": (None, _ptr),
    "mypaint_brush_new_stroke": (None, _ptr),
    "mypaint_brush_from_defaults": (None, _ptr),
    "mypaint_brush_from_string": (_int, _ptr, ct.c_char_p),
    "mypaint_brush_set_base_value": (None, _ptr, _int, _float),
    "mypaint_brush_set_mapping_point": (None, _ptr, _int, _int, _int, _float, _float),
    "mypaint_brush_stroke_to": (_int, _ptr, _ptr, _float, _float, _float, _float, _float, _double),
    "mypaint_brush_stroke_to_2": (
        *(_int, _ptr, _ptr, _float, _float, _float, _float, _float),
        *(_double, _float, _float, _float),
    ),
    "mypaint_brush_setting_from_cname": (_int, ct.c_char_p),
    "mypaint_brush_setting_info": (ct.POINTER(SettingInfo), _int),
    "mypaint_brush_input_from_cname": (_int, ct.c_char_p),
    "mypaint_surface_begin_atomic": (None, _ptr),
    "mypaint_surface2_end_atomic": (None, _ptr, _ptr),
    "mypaint_tiled_surface2_init": (None, _ptr, TileFunction, TileFunction),
    "mypaint_tiled_surface2_destroy": (None, _ptr),
}


class EngineMissing(OSError):
    """libmypaint, or its brushes, are not installed."""


@functools.cache
def libmypaint() -> ct.CDLL:
    """The engine's shared library, with its functions' signatures declared.

    The environment variable ``LIBMYPAINT`` names the file outright.

    Raises:
        EngineMissing: No library of the right ABI can be loaded; the message says how to install one.
    """
    named = os.environ.get("LIBMYPAINT")
    for name in (named,) if named else (*_NAMES, ctypes.util.find_library("mypaint-1.5")):
        if name is None:
            continue
        try:
            library = ct.CDLL(name)
            for function, (result, *arguments) in _PROTOTYPES.items():
                prototype = getattr(library, function)
                prototype.restype, prototype.argtypes = result, arguments
        except (OSError, AttributeError):  # AttributeError: some other library
            continue
        return library
    raise EngineMissing(
        (f"LIBMYPAINT={named} cannot be loaded" if named else "libmypaint 1.5/1.6 is not installed")
        + "; Debian or Ubuntu: 'apt install libmypaint-1.5-1 mypaint-brushes'; macOS: 'brew install libmypaint'; "
        "Windows (MSYS2): 'pacman -S mingw-w64-x86_64-libmypaint mingw-w64-x86_64-mypaint-brushes'; "
        "elsewhere: set LIBMYPAINT to the library and MYPAINT_BRUSHES to the folder of brushes"
    )


def engine_version() -> str:
    """The file name of the loaded library, such as ``libmypaint-1.5.so.1.1.2``; it exports no version number."""
    library = libmypaint()
    if os.name != "posix":
        return os.path.basename(library._name)
    info = _DlInfo()
    ct.CDLL(None).dladdr(ct.cast(library.mypaint_brush_new, _ptr), ct.byref(info))
    return os.path.basename(os.path.realpath(os.fsdecode(info.file)))


class _DlInfo(ct.Structure):
    _fields_ = [("file", ct.c_char_p), ("base", _ptr), ("symbol", ct.c_char_p), ("address", _ptr)]
