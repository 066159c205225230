"""Fuzzing: every parser of untrusted bytes, with mutated documents of its own kind and with what once broke one."""
