"""The cases written by hand, a file per family: each is a place where guesses go wrong."""
