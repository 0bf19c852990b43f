"""Readings of a running process tree, from /proc."""

import os
import struct
from pathlib import Path


def tree(pid):
    """The process and its descendants: a master's workers and a supervisor's child are counted too."""
    found = [pid]
    for parent in found:
        for task in _listdir(f"/proc/{parent}/task"):
            found += [int(child) for child in _read(f"/proc/{parent}/task/{task}/children").split()]
    return found


def cpu_nanoseconds(pid, threads=lambda name: True):
    """Time on a core and time waiting for one, summed over the threads of the tree whose name `threads(name)` accepts.

    From schedstat, which counts nanoseconds; utime and stime count 10 ms ticks.
    """
    on_core = waiting = 0
    for member in tree(pid):
        for task in _listdir(f"/proc/{member}/task"):
            if not threads(_read(f"/proc/{member}/task/{task}/comm").strip()):
                continue
            fields = _read(f"/proc/{member}/task/{task}/schedstat").split()
            if len(fields) >= 2:
                on_core += int(fields[0])
                waiting += int(fields[1])
    return on_core, waiting


def stolen_seconds(core):
    """Time that the machine's host took from a core, by now."""
    for line in _read("/proc/stat").splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return int(ticks[7]) / os.sysconf("SC_CLK_TCK")
    return 0


def memory_bytes(pid):
    """Resident memory of the tree; pages shared within it are counted once (Pss)."""
    return 1024 * sum(_field(f"/proc/{member}/smaps_rollup", "Pss:") for member in tree(pid))


def descriptors(pid):
    """Open descriptors of the tree."""
    return sum(len(_listdir(f"/proc/{member}/fd")) for member in tree(pid))


def connections_to(pid, port):
    """Descriptors of the tree that are TCP connections to a loopback port."""
    theirs = set()
    for table in ("tcp", "tcp6"):
        for line in _read(f"/proc/{pid}/net/{table}").splitlines()[1:]:
            fields = line.split()
            if int(fields[2].rsplit(":", 1)[1], 16) == port:
                theirs.add(f"socket:[{fields[9]}]")
    return sum(_link(f"/proc/{member}/fd/{name}") in theirs for member in tree(pid) for name in _listdir(f"/proc/{member}/fd"))


#: Row layout of perf/malloc_count.c.
_ROW = struct.Struct("<8Q")


def allocation_calls(path, workers):
    """Allocation calls by now on the threads whose name `workers(name)` accepts, by thread name.

    Reads the table that perf/malloc_count.c keeps; a thread that has ended is named "gone".
    """
    data = Path(path).read_bytes()
    claimed = _ROW.unpack_from(data, 0)[0]
    calls = {}
    for index in range(1, min(claimed, len(data) // _ROW.size - 1) + 1):
        thread, *counts = _ROW.unpack_from(data, index * _ROW.size)
        name = _read(f"/proc/{thread}/comm").strip() or "gone"
        if workers(name):
            calls[name] = calls.get(name, 0) + sum(counts[:4])
    return calls


def _read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def _listdir(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _field(path, name):
    for line in _read(path).splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0
