"""Reads every include of our own and fails on one that points upward or sideways.

    python3 layers.py REPOSITORY
"""
import pathlib
import re
import sys

# Rooms of docs/architecture.md, and what each may include beside its own folder.
ROOMS = {
    "runtime/core": [],
    "runtime/data": ["runtime/core/"],
    "runtime/train": ["runtime/core/", "runtime/data/"],
    "ir/dim": [],
    "ir/graph": [],
    "ir/dialect": ["ir/dim/"],
    "ir/eval": ["ir/dialect/", "ir/dim/", "runtime/core/"],
    "frontend/diagnostics": [],
    "frontend/std": [],
    "frontend/explain": ["frontend/diagnostics/"],
    "frontend/syntax": ["frontend/diagnostics/"],
    "frontend/format": ["frontend/diagnostics/", "frontend/syntax/"],
    "frontend/check": ["frontend/diagnostics/", "frontend/std/", "frontend/syntax/", "ir/dim/",
                       "runtime/data/Schema.h"],
    "frontend/lower": ["frontend/check/", "frontend/diagnostics/", "ir/dialect/", "ir/dim/"],
    "passes": ["ir/dialect/", "ir/dim/", "ir/graph/"],
    "codegen/cpu": ["ir/dialect/", "ir/dim/", "passes/", "runtime/core/"],
    "codegen/jit": ["codegen/cpu/", "ir/dialect/", "ir/dim/", "passes/", "runtime/core/"],
}
OURS = ("runtime/", "ir/", "frontend/", "passes/", "codegen/", "tools/")
# Libraries that only some rooms may see.
LIBRARIES = {
    "boost/": ["ir/graph"],
    "mlir/": ["ir/dialect", "ir/eval", "frontend/lower", "passes", "codegen/cpu", "codegen/jit"],
    "llvm/": ["ir/dialect", "ir/eval", "frontend/lower", "passes", "codegen/cpu", "codegen/jit"],
}


def room_of(path):
    fits = [room for room in ROOMS if path.startswith(room + "/")]
    return max(fits, key=len) if fits else None


def problems(path, text):
    room = room_of(path)
    if room is None:
        yield f"{path}: no room of docs/architecture.md has this folder"
        return
    for header in re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', text, re.M):
        if header.startswith(OURS) and not header.startswith((room + "/", *ROOMS[room])):
            yield f"{path} includes {header}, which {room} may not use"
        for library, rooms in LIBRARIES.items():
            if header.startswith(library) and room not in rooms:
                yield f"{path} includes {header}, which only {', '.join(rooms)} may use"


root = pathlib.Path(sys.argv[1])
files = [path for top in ("runtime", "ir", "frontend", "passes", "codegen")
         for path in sorted((root / top).rglob("*")) if path.suffix in (".h", ".cpp")]
found = [problem for path in files
         for problem in problems(str(path.relative_to(root)), path.read_text())]
print("\n".join(found) or f"{len(files)} files keep to their layers")
sys.exit(1 if found or len(files) < 50 else 0)
