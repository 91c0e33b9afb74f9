"""The statements of a tree, indented, each with the file it is from."""
import json
import sys


def show(tree, statements, depth):
    for statement in statements:
        words = " ".join(word["text"] for word in statement["words"])
        print("  " * depth + words + "  <- " + tree["files"][statement["span"]["file"]])
        show(tree, statement.get("block", {"statements": []})["statements"], depth + 1)
        for file in statement.get("included", []):
            show(tree, file["statements"], depth + 1)


document = json.load(sys.stdin)
show(document, document["statements"], 0)
