"""The generator: whole configurations put together by chance from a small vocabulary, so that paths,
names and values meet each other often. The same name makes the same case on every machine.

    words.py      paths, hosts, values, templates of variables, regular expressions
    programs.py   set, if, rewrite, return, break
    blocks.py     locations, servers, maps, geo, a whole http block
    questions.py  requests that fit a configuration
    make.py       cases, by what they concentrate on
"""
