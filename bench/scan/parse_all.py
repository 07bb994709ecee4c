"""Parses every file of a list with CPython's own parser and visits every node: what any checker in Python must pay.

    python3 parse_all.py FILE_WITH_ONE_PATH_PER_LINE
"""

import ast
import sys
import warnings


def main():
    warnings.simplefilter("ignore")
    files = nodes = failed = 0
    with open(sys.argv[1], encoding="utf-8") as paths:
        for path in paths.read().splitlines():
            with open(path, "rb") as file:
                source = file.read()
            try:
                tree = ast.parse(source)
            except (SyntaxError, ValueError):
                failed += 1
                continue
            files += 1
            nodes += sum(1 for _ in ast.walk(tree))
    print(files, "files,", nodes, "nodes,", failed, "not parsed")


if __name__ == "__main__":
    main()
