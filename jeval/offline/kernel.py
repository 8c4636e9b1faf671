"""The kernel's part of being offline: a seccomp filter that leaves UNIX sockets and no others (Linux).

Classic BPF, loaded through ctypes, so that no system library is needed and no privilege. It holds for every thread (TSYNC) and
every child, whatever language it is written in, and nothing takes it off again. ``pyseccomp`` was left aside: it needs
libseccomp, and twenty instructions do not.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Callable

#: machine → AUDIT_ARCH of its 64-bit calls, and the numbers of socket, socketpair, ptrace, process_vm_writev and seccomp.
_CALLS = {
    "x86_64": (0xC000003E, 41, 53, 101, 311, 317),
    "aarch64": (0xC00000B7, 198, 199, 117, 271, 277),
}
_IO_URING_SETUP, _PIDFD_GETFD = 425, 438  # the same number everywhere
_X32 = 0x40000000
_AF_UNIX = 1
_ALLOW, _ERRNO, _NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
#: machine → number of ioctl; what types into a terminal, or pastes there: TIOCSTI, TIOCLINUX.
_IOCTL = {"x86_64": 16, "aarch64": 29}
_TYPING = (0x5412, 0x541C)
#: Places in struct seccomp_data; of an argument the low half, on little-endian machines.
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 38, 4
_SET_MODE_FILTER, _TSYNC, _SPEC_ALLOW, _NEW_LISTENER, _TSYNC_ESRCH = 1, 1, 4, 8, 16
_NEWUSER, _NEWNET = 0x10000000, 0x40000000


class NoKernelError(OSError):
    """The kernel cannot be asked to hold the network; says why."""


def program(machine: str, *, notify: bool) -> bytes:
    """The filter, as an array of ``struct sock_filter``.

    Args:
        notify: sockets that are refused are told to a listener, who counts and answers; else they are refused at once.
    """
    arch, socket, pair, ptrace, writev, _ = _CALLS[machine]
    refused = [_IO_URING_SETUP, _PIDFD_GETFD, ptrace, writev]  # sockets by another way, and other processes' sockets
    calls: list[tuple[int, str | None, int]] = [(_EQUAL, "family", socket), (_EQUAL, "family", pair)]
    calls += [(_AT_LEAST, "refuse", _X32), *((_EQUAL, "refuse", number) for number in refused)]
    tail = {"allow": 0, "family": 1, "refuse": 4}  # places after the calls
    code = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 1, 0, arch), (_RETURN, 0, 0, _ERRNO | errno.EPERM), (_LOAD, 0, 0, _NUMBER)]
    for place, (test, target, number) in enumerate(calls):
        code.append((test, tail[str(target)] + len(calls) - place - 1, 0, number))
    code += [
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 2, 0, _AF_UNIX),
        (_RETURN, 0, 0, _NOTIFY if notify else _ERRNO | errno.EACCES),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def close_network(*, notify: bool = True) -> int | None:
    """Leave this process, its threads and its children nothing but UNIX sockets, for ever.

    Returns:
        A descriptor that tells of the sockets that are refused and must be answered (``notify``), else ``None``.

    Raises:
        NoKernelError: another system, another processor, a kernel or a container that does not let filters in.
    """
    return _load(lambda machine: program(machine, notify=notify), notify=notify)


def leave_terminal() -> None:
    """Let this process, its threads and its children type nothing into a terminal, for ever: the shell there would run it once the
    command has ended.

    Raises:
        NoKernelError: see :func:`close_network`.
    """
    _load(typing, notify=False)


def typing(machine: str) -> bytes:
    """The filter of :func:`leave_terminal`."""
    code = [(_LOAD, 0, 0, _ARCH), (_EQUAL, 0, 5, _CALLS[machine][0]), (_LOAD, 0, 0, _NUMBER)]
    code += [(_EQUAL, 0, 4, _IOCTL[machine]), (_LOAD, 0, 0, _FIRST_ARGUMENT + 8)]
    code += [(_EQUAL, 1, 0, _TYPING[0]), (_EQUAL, 0, 1, _TYPING[1])]
    code += [(_RETURN, 0, 0, _ERRNO | errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def give_up_privileges(libc: ctypes.CDLL) -> None:
    """Let no program that this process begins have more rights than it: the price of a filter without a privilege.

    Raises:
        NoKernelError: the kernel does not know how.
    """
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise NoKernelError(f"no_new_privs: {os.strerror(ctypes.get_errno())}")


def _load(filter_of: Callable[[str], bytes], *, notify: bool) -> int | None:
    machine = platform.machine()
    if sys.platform != "linux":
        raise NoKernelError(f"{platform.system()} has no seccomp")
    if machine not in _CALLS or sys.byteorder != "little":
        raise NoKernelError(f"no filter for {machine}")
    libc = ctypes.CDLL(None, use_errno=True)
    give_up_privileges(libc)
    code = filter_of(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    flags = _TSYNC | _SPEC_ALLOW | (_NEW_LISTENER | _TSYNC_ESRCH if notify else 0)
    call = [ctypes.c_long(number) for number in (_CALLS[machine][-1], _SET_MODE_FILTER, flags)]
    done: int = libc.syscall(*call, ctypes.create_string_buffer(header, len(header)))
    if done < 0 or (done and not notify):
        raise NoKernelError(f"seccomp: {os.strerror(ctypes.get_errno()) if done < 0 else 'a thread of another filter'}")
    return done if notify else None


def leave_network() -> None:
    """An empty network namespace for this process and its children, where a filter is not to be had.

    Raises:
        NoKernelError: user namespaces are not to be had either, or the process has threads.
    """
    if sys.platform != "linux":
        raise NoKernelError(f"{platform.system()} has no network namespaces")
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEWUSER | _NEWNET) != 0:
        raise NoKernelError(f"unshare: {os.strerror(ctypes.get_errno())}")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        try:
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        except OSError as err:
            raise NoKernelError(f"/proc/self/{name}: {err.strerror}") from err


def hide_memory() -> None:
    """Let no process of the same user look into this one or change it."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
