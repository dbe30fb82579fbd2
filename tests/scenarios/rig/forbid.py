"""Runs a command under a seccomp filter that answers some system calls with EPERM, as older container engines do.

    forbid.py NUMBER[,NUMBER…] CMD [ARG…]
"""

import ctypes
import errno
import os
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000


def rules(numbers):
    """Classic BPF: code, jump if true, jump if false, constant."""
    yield LOAD_NUMBER, 0, 0, 0
    for n, number in enumerate(numbers):
        yield JUMP_IF_EQUAL, len(numbers) - n, 0, number
    yield RETURN, 0, 0, ALLOW
    yield RETURN, 0, 0, ERRNO | errno.EPERM


def main():
    numbers = [int(n) for n in sys.argv[1].split(",")]
    filled = b"".join(struct.pack("=HBBI", *rule) for rule in rules(numbers))
    text = ctypes.create_string_buffer(filled, len(filled))
    program = struct.pack("@HP", len(filled) // 8, ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
        sys.exit(f"seccomp: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
