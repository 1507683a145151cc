"""A filter of system calls: no sockets, no mounts, no looking into other processes, no other namespaces.

A denied call fails with "not permitted"; the program goes on and can say so. Numbers: the kernel's
arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h.
"""

from __future__ import annotations

import ctypes
import os
import struct

from pilothouse.sandbox.inside import kernel

_DENIED: dict[str, tuple[int, int]] = {
    # name: (x86_64, aarch64)
    "socket": (41, 198),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "setns": (308, 268),
    "unshare": (272, 97),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "memfd_create": (319, 279),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "quotactl": (179, 60),
    "personality": (135, 92),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "io_uring_setup": (425, 425),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
    "memfd_secret": (447, 447),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
}
_OWN_ONLY: dict[str, tuple[int, int]] = {
    # the first argument is a process, and another one of the same user would be let in
    "prlimit64": (302, 261),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}
_CLONE, _CLONE3 = (56, 220), (435, 435)
_FORKS: tuple[tuple[int, int], ...] = ((57, -1), (58, -1))  # fork, vfork: x86 only
_SIGNALS: dict[str, tuple[int, int]] = {
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
}
_QUEUED_SIGNALS: dict[str, tuple[int, int]] = {
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424),
}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _EPERM, _ENOSYS = 0x7FFF0000, 0x80000000, 0x50001, 0x50026
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_NEW_ANYTHING = 0x7E020080  # every CLONE_NEW* flag
_THREAD = 0x10000


def is_known() -> bool:
    """Whether the numbers of this machine's calls are known."""
    return os.uname().machine in _MACHINES


def restrict(*, may_fork: bool, may_signal: bool) -> None:
    """For this process and all that it starts. Needs `NO_NEW_PRIVS`. Raises `OSError`."""
    code = b"".join(_program(may_fork, may_signal))
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    kernel.prctl(kernel.SET_SECCOMP, 2, ctypes.create_string_buffer(header, len(header)))


def _program(may_fork: bool, may_signal: bool) -> list[bytes]:
    column, arch = _MACHINES[os.uname().machine]
    out = [_do(_LOAD, _ARCH), _do(_EQUAL, arch, 1, 0), _do(_RETURN, _KILL), _do(_LOAD, _NUMBER)]
    if column == 0:  # the x32 calls are the same ones under other numbers
        out += [_do(_AT_LEAST, 0x40000000, 0, 1), _do(_RETURN, _EPERM)]
    denied = [numbers[column] for numbers in _DENIED.values()]
    own_only = [numbers[column] for numbers in _OWN_ONLY.values()]
    if not may_signal:
        denied += [numbers[column] for numbers in _QUEUED_SIGNALS.values()]
        own_only += [numbers[column] for numbers in _SIGNALS.values()]
    if not may_fork:
        denied += [numbers[column] for numbers in _FORKS if numbers[column] > 0]
    for number in denied:
        out += [_do(_EQUAL, number, 0, 1), _do(_RETURN, _EPERM)]
    out += [_do(_EQUAL, _CLONE3[column], 0, 1), _do(_RETURN, _ENOSYS)]  # libc falls back to clone
    for number in own_only:
        out += [
            _do(_EQUAL, number, 0, 5),
            _do(_LOAD, _FIRST_ARGUMENT),
            _do(_EQUAL, os.getpid(), 2, 0),
        ]
        out += [_do(_EQUAL, 0, 1, 0), _do(_RETURN, _EPERM), _do(_LOAD, _NUMBER)]
    # clone's flags are its first argument
    out += [_do(_EQUAL, _CLONE[column], 0, 3 if may_fork else 5), _do(_LOAD, _FIRST_ARGUMENT)]
    out += [_do(_ANY_BIT, _NEW_ANYTHING, 0, 1), _do(_RETURN, _EPERM)]
    if not may_fork:
        out += [_do(_ANY_BIT, _THREAD, 1, 0), _do(_RETURN, _EPERM)]
    out.append(_do(_RETURN, _ALLOW))
    return out


def _do(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
