"""Hostile members and strangers, for `vigil bench hostile`: a module an attack, each with one `attack`.

Rules these modules uphold:

- An attack reaches loopback and nothing else, and ends when its context does.
- What it speaks is written by hand, frame by frame: a well-behaved library would not do what an attacker does.
"""
