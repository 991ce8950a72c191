"""The commands, one module a subject. A command parses its flags, calls one function, and prints."""
