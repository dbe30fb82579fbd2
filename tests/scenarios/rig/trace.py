"""Stops a program behind its exec, before it has done anything: however soon it ends, it has been looked at."""

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long
PTRACE_TRACEME, PTRACE_DETACH = 0, 17


def ask_to_stop():
    """In the child, before its exec."""
    _libc.ptrace(PTRACE_TRACEME, 0, None, None)


def look_at_exec(pid, look):
    """Waits until the child has stopped, calls look(pid), lets it go on. By the thread that started it."""
    _, status = os.waitpid(pid, 0)
    assert os.WIFSTOPPED(status), f"process {pid} did not stop behind its exec: {status:#x}"
    look(pid)
    assert _libc.ptrace(PTRACE_DETACH, pid, None, None) == 0, os.strerror(ctypes.get_errno())
