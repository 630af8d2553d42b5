"""Holds the border of the library. Usage: symbols.py LIBRARY CAPI_FOLDER [--write]

Its exported symbols are those of capi/symbols.txt, which are the functions of the header; every macro and every type of
the header has our prefix. `--write` brings symbols.txt up to date with the header.
"""

import re
import subprocess
import sys
from pathlib import Path


def exported(library):
    """Names of the dynamic symbols that the library defines, but for the version node itself."""
    lines = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
    symbols = [line.split() for line in lines.splitlines()]
    return sorted(name.partition("@")[0] for *_, kind, name in symbols if kind != "A")


def without_comments(text):
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def functions(header):
    return sorted(re.findall(r"(?<!#define )KGW_API\s[^;(]*?\b(\w+)\(", header))


def strangers(header):
    """Macros, enumerators and types without our prefix."""
    macros = re.findall(r"^\s*#define\s+(\w+)", header, re.M)
    types = re.findall(r"^typedef\s(?:[^;{]*?\b)(\w+);|^}\s*(\w+);|^typedef .*\(\*(\w+)\)", header, re.M)
    enumerators = [
        name for body in re.findall(r"\benum\b[^{;]*{([^}]*)}", header) for name in re.findall(r"(\w+)\s*=", body)
    ]
    names = [name for group in types for name in group if name]
    yield from (name for name in names if not name.startswith("kgw_"))
    yield from (name for name in macros + enumerators if not name.startswith(("KGW_", "KGWCORE_")))


def main():
    library, folder = sys.argv[1], Path(sys.argv[2])
    header = "".join(without_comments(path.read_text()) for path in sorted((folder / "include/kgwcore").glob("*.h")))
    listed = folder / "symbols.txt"
    if "--write" in sys.argv:
        listed.write_text("\n".join(functions(header)) + "\n")
    wanted, found = listed.read_text().split(), exported(library)
    problems = [f"exported, not listed: {name}" for name in sorted(set(found) - set(wanted))]
    problems += [f"listed, not exported: {name}" for name in sorted(set(wanted) - set(found))]
    problems += [f"in the header, not listed: {name}" for name in sorted(set(functions(header)) - set(wanted))]
    problems += [f"listed, not in the header: {name}" for name in sorted(set(wanted) - set(functions(header)))]
    problems += [
        f"without prefix: {name}" for name in [*found, *strangers(header)] if not name.lower().startswith("kgw")
    ]
    print(f"{len(found)} symbols")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
