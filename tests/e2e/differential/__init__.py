"""The differential test: nginx and rpcd side by side on the decision language.

A case (case.py) is the inside of an http block and a list of requests. Both daemons get the same text
and the same requests, from the same client addresses, and share recording backends (backends.py). Every
place of a configuration adds a header X-Location of its own. The outcome of a request (outcome.py) is
status, Location, these markers, a few other fields, the body, and what arrived at backends; nginx's and
rpcd's must be equal, but for the rows of known.py, which are explained in docs/nginx.md.

    cases/       written by hand, a file per family of directives: where guesses go wrong
    maker/       the generator; the same name makes the same case everywhere
    families.py  all of them
    test_*.py    a file per family, so that they run in parallel; each also checks that enough was
                 exercised. test_harness.py tests this harness itself, with nginx on both sides.

With RPC_DIFFERENTIAL=self in the environment a second nginx takes rpcd's place everywhere, which must
find no difference; run it after changing cases or the generator. When rpcd refuses a configuration the
case fails: it is not skipped.

A difference was found: `python3 -m differential minimise CASE` in tests/e2e (see __main__.py; RPC_BUILD
is the build to use) prints the smallest configuration and request that still differ. Decide by the
semantics of nginx 1.31. If rpcd is wrong, fix it, and add a case by hand when a generated one found it.
If rpcd is right, add a row to known.py and docs/nginx.md. If nginx has no stable answer, keep the cases
away from it and say so in docs/nginx.md. `python3 -m differential coverage` tells which kinds of
statement the cases do not need.
"""
