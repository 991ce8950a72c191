"""X's API, asked in the vocabularies of its specifications."""
