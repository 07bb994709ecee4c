"""Prints the line tables of many functions with the line of every instruction, as one line of JSON.

For src/cpython/line-table.test.ts. Code comes from the standard library, so every shape of statement occurs.
"""

import dis
import importlib.util
import json
import sys

MODULES = ["argparse", "ast", "asyncio.base_events", "contextlib", "dataclasses", "decimal", "inspect", "typing", "turtle"]
LIMIT = 2500


def codes_of(module):
    try:
        spec = importlib.util.find_spec(module)
        code = spec.loader.get_code(module)
    except (ImportError, AttributeError):
        return
    pending = [code]
    while pending:
        code = pending.pop()
        yield code
        pending.extend(constant for constant in code.co_consts if hasattr(constant, "co_code"))


def lines_of(code):
    """Line of every code unit, 0 where there is none."""
    units = len(code.co_code) // 2
    lines = [0] * units
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            for unit in range(start // 2, min(end // 2, units)):
                lines[unit] = line or 0
        return lines
    starts = dict(dis.findlinestarts(code))
    line = code.co_firstlineno
    for unit in range(units):
        line = starts.get(unit * 2, line)
        lines[unit] = line
    return lines


def main():
    described = []
    for module in MODULES:
        for code in codes_of(module):
            if len(described) < LIMIT:
                table = code.co_linetable if hasattr(code, "co_linetable") else code.co_lnotab
                described.append([code.co_firstlineno, table.hex(), lines_of(code)])
    json.dump(described, sys.stdout)


main()
