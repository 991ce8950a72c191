"""Reading and writing that belongs to no feature: bounded reading, digests, atomic writes, paths of the project."""
