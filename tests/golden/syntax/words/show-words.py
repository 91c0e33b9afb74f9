"""The words of each statement of a tree, one statement a line."""
import json
import sys


def show(statements):
    for statement in statements:
        print(" ".join(json.dumps(word["text"]) for word in statement["words"]))
        show(statement.get("block", {"statements": []})["statements"])


show(json.load(sys.stdin)["statements"])
