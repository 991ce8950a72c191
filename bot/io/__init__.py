"""Input and output shared by all packages: HTTP, bounded JSON, digests, atomic writes, the project's paths."""
